// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import SwiftProtobuf

/// Parsers of log content.
enum LogFuzzing {
  /// One content has one encoding (I2).
  static func body(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    guard let body = try? EntryBody(decoding: input) else { return false }
    try BrokenProperty.unless(body.encoded() == input, "a header body with two encodings")
    return true
  }

  static func block(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    guard let values = try? Values(block: input) else { return false }
    let again = try? Values(block: values.block(salt: (1, 2)))
    try BrokenProperty.unless(again == values, "values that change when they are written again")
    return true
  }

  static func control(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    guard let control = try? Control(decoding: input) else { return false }
    let again = (try? control.encoded()).flatMap { try? Control(decoding: $0) }
    try BrokenProperty.unless(
      again == control, "a control entry that changes when it is written again")
    // It must not upset the membership either, signed or not.
    let entries = (FuzzRealm.control + [control]).enumerated().map {
      ControlEntry(hubGeneration: 1, sequence: UInt64($0.offset) + 1, control: $0.element)
    }
    let folded = Membership(realm: FuzzRealm.realm, control: entries)
    let reversed = Membership(realm: FuzzRealm.realm, control: entries.reversed())
    try BrokenProperty.unless(
      folded == reversed, "a membership that depends on the order of arrival")
    return true
  }

  /// The hub's way: decode, judge, and fold what would be accepted (I3).
  static func bundle(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    guard let wire = try? WireBundle(serializedBytes: input),
      let bundle = try? UnverifiedBundle(wire)
    else { return false }
    _ = try? HubRules.judge(
      bundle, from: FuzzRealm.town, under: FuzzRealm.membership, holding: NothingHeld())
    guard let chained = try? bundle.chained(after: nil, in: FuzzRealm.realm) else { return false }
    var records: [RecordID: [LoggedEntry]] = [:]
    for entry in chained.entries {
      guard let record = entry.header.record else { continue }
      var values: Values?
      if case .block(let block) = entry.entry.proof { values = try? Values(block: block) }
      records[record, default: []].append(
        LoggedEntry(
          log: chained.log, sequence: entry.sequence, hash: entry.hash, header: entry.header,
          values: values))
    }
    for (record, entries) in records {
      let state = Fold.record(record, entries, under: FuzzRealm.membership)
      let reversed = Fold.record(record, entries.reversed(), under: FuzzRealm.membership)
      for (scope, part) in state.scopes {
        try BrokenProperty.unless(
          reversed.scopes[scope]?.canonical(of: record) == part.canonical(of: record),
          "a record that depends on the order of arrival")
      }
    }
    return true
  }

  /// A town's way.
  static func chunk(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    guard let wire = try? WireFeedChunk(serializedBytes: input),
      let chunk = try? UnverifiedChunk(wire)
    else { return false }
    var verifier = ChunkVerifier(
      for: FuzzRealm.town, holding: NothingHeld(), control: [],
      membership: Membership(realm: FuzzRealm.realm, control: []))
    _ = try? verifier.verify(chunk)
    return true
  }
}
