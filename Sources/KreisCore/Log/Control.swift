// SPDX-License-Identifier: EUPL-1.2

import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A log's last valid sequence, as a control entry states it.
package struct ClosedLog: Hashable, Sendable {
  package let generation: UInt32
  package let scope: Scope
  package let last: UInt64

  package init(generation: UInt32, scope: Scope, last: UInt64) {
    self.generation = generation
    self.scope = scope
    self.last = last
  }
}

/// A member that may write a record, and for which stretches of its logs.
package struct Steward: Hashable, Sendable {
  package struct Stretch: Hashable, Sendable {
    package let generation: UInt32
    package let scope: Scope
    package let from: UInt64
    /// `nil`: without end.
    package let to: UInt64?

    package init(generation: UInt32, scope: Scope, from: UInt64, to: UInt64?) {
      self.generation = generation
      self.scope = scope
      self.from = from
      self.to = to
    }
  }

  package let member: MemberID
  package let logs: [Stretch]

  package init(member: MemberID, logs: [Stretch]) {
    self.member = member
    self.logs = logs
  }

  /// Whether this steward may write at `sequence` of `log`. A log not named is open from its first
  /// entry, and without end unless all that are named have ended.
  func covers(_ log: LogID, _ sequence: UInt64) -> Bool {
    guard log.member == member else { return false }
    if let named = logs.first(where: { $0.generation == log.generation && $0.scope == log.scope }) {
      return sequence >= named.from && sequence <= named.to ?? .max
    }
    return logs.isEmpty || logs.contains { $0.to == nil }
  }
}

/// What the realm's root key says about one generation of the hub. Entry 1 of that generation's
/// public log.
package struct RootCertificate: Hashable, Sendable {
  package let realm: RealmID
  package let hub: MemberID
  package let generation: UInt32
  package let key: VerifyingKey
  /// Logs of the hub's previous generation.
  package let closes: [ClosedLog]
  package let title: String
  package let ags: String
  package let signature: [UInt8]

  /// Certifies `key` with the root key.
  package init(
    certifying key: VerifyingKey, of hub: MemberID, generation: UInt32, closing: [ClosedLog],
    title: String, ags: String, with root: SigningKey
  ) throws(MalformedBytes) {
    guard let realm = RealmID(VerifyingKey(of: root).bytes) else {
      throw MalformedBytes("a root key that is not 32 bytes")
    }
    let unsigned = RootCertificate(
      realm: realm, hub: hub, generation: generation, key: key, closes: closing, title: title,
      ags: ags, signature: [])
    self.init(
      realm: realm, hub: hub, generation: generation, key: key, closes: closing, title: title,
      ags: ags, signature: try root.sign(unsigned.message))
  }

  init(
    realm: RealmID, hub: MemberID, generation: UInt32, key: VerifyingKey, closes: [ClosedLog],
    title: String, ags: String, signature: [UInt8]
  ) {
    self.realm = realm
    self.hub = hub
    self.generation = generation
    self.key = key
    self.closes = closes
    self.title = title
    self.ags = ags
    self.signature = signature
  }

  package var isValid: Bool {
    VerifyingKey(realm.bytes)?.isValid(signature, over: message) ?? false
  }

  /// What the root key signs: "kreisnetz root v1" ‖ 0 ‖ realm 32 ‖ hub 6 ‖ generation varint ‖ key
  /// 32 ‖ for each closed log: generation varint ‖ scope ‖ last varint. The count goes first; title
  /// and AGS follow, each with its length.
  private var message: [UInt8] {
    var out = Array("kreisnetz root v1\0".utf8)
    out.append(contentsOf: realm.bytes)
    hub.append(to: &out)
    out.appendVarint(UInt64(generation))
    out.append(contentsOf: key.bytes)
    out.appendVarint(UInt64(closes.count))
    for closed in closes {
      out.appendVarint(UInt64(closed.generation))
      closed.scope.append(to: &out)
      out.appendVarint(closed.last)
    }
    for text in [title, ags] {
      out.appendVarint(UInt64(text.utf8.count))
      out.append(contentsOf: text.utf8)
    }
    return out
  }
}

/// What the hub decides about the realm, as an entry of its public log: membership replicates like
/// all else, and every replica can check every author (I4).
package enum Control: Hashable, Sendable {
  case root(RootCertificate)
  case memberAdded(MemberID, name: String, title: String, ags: String, key: VerifyingKey)
  case keyAdded(MemberID, generation: UInt32, key: VerifyingKey, closes: [ClosedLog])
  case closing(MemberID, closes: [ClosedLog], revoked: Bool)
  case stewards(RecordID, [Steward])
  case quota(MemberID, entries: UInt64, bytes: UInt64)
}

extension Control {
  /// Reads a control entry's content. `nil` for an act that this version does not know: it takes
  /// effect after an upgrade.
  ///
  /// - Throws: `MalformedBytes` if it is no `Control` message or an act lacks what it needs.
  package init?(decoding bytes: [UInt8]) throws(MalformedBytes) {
    let wire: WireControl
    do { wire = try WireControl(serializedBytes: bytes) } catch {
      throw MalformedBytes("control content that is not the message it should be")
    }
    switch wire.act {
    case nil: return nil
    case .root(let act):
      guard let realm = RealmID(act.realm), act.generation > 0 else { throw Self.incomplete }
      self = .root(
        RootCertificate(
          realm: realm, hub: try Self.member(act.hub), generation: act.generation,
          key: try Self.key(act.key), closes: try Self.closed(act.closes), title: act.title,
          ags: act.ags, signature: Array(act.signature)))
    case .member(let act):
      self = .memberAdded(
        try Self.member(act.member), name: act.name, title: act.title, ags: act.ags,
        key: try Self.key(act.key))
    case .key(let act):
      self = .keyAdded(
        try Self.member(act.member), generation: act.generation, key: try Self.key(act.key),
        closes: try Self.closed(act.closes))
    case .closing(let act):
      self = .closing(
        try Self.member(act.member), closes: try Self.closed(act.closes), revoked: act.revoked)
    case .stewards(let act):
      guard let record = RecordID(act.record) else { throw Self.incomplete }
      var stewards: [Steward] = []
      for steward in act.stewards { stewards.append(try Steward(steward)) }
      self = .stewards(record, stewards)
    case .quota(let act):
      self = .quota(try Self.member(act.member), entries: act.entries, bytes: act.bytes)
    }
  }

  private static var incomplete: MalformedBytes { MalformedBytes("an incomplete control entry") }

  private static func member(_ id: UInt64) throws(MalformedBytes) -> MemberID {
    guard let member = MemberID(id) else { throw incomplete }
    return member
  }

  private static func key(_ bytes: Data) throws(MalformedBytes) -> VerifyingKey {
    guard let key = VerifyingKey(bytes) else { throw incomplete }
    return key
  }

  private static func closed(_ wire: [WireClosedLog]) throws(MalformedBytes) -> [ClosedLog] {
    var out: [ClosedLog] = []
    for log in wire {
      out.append(
        ClosedLog(generation: log.generation, scope: try Scope(log.scope), last: log.last))
    }
    return out
  }

  /// The bytes for a header's control content.
  package func encoded() throws(MalformedBytes) -> [UInt8] {
    var wire = WireControl()
    switch self {
    case .root(let certificate):
      wire.root.realm = Data(certificate.realm.bytes)
      wire.root.hub = certificate.hub.rawValue
      wire.root.generation = certificate.generation
      wire.root.key = Data(certificate.key.bytes)
      wire.root.closes = certificate.closes.map(WireClosedLog.init)
      wire.root.title = certificate.title
      wire.root.ags = certificate.ags
      wire.root.signature = Data(certificate.signature)
    case .memberAdded(let member, let name, let title, let ags, let key):
      wire.member.member = member.rawValue
      wire.member.name = name
      wire.member.title = title
      wire.member.ags = ags
      wire.member.key = Data(key.bytes)
    case .keyAdded(let member, let generation, let key, let closes):
      wire.key.member = member.rawValue
      wire.key.generation = generation
      wire.key.key = Data(key.bytes)
      wire.key.closes = closes.map(WireClosedLog.init)
    case .closing(let member, let closes, let revoked):
      wire.closing.member = member.rawValue
      wire.closing.closes = closes.map(WireClosedLog.init)
      wire.closing.revoked = revoked
    case .stewards(let record, let stewards):
      wire.stewards.record = Data(record.bytes)
      wire.stewards.stewards = stewards.map(WireSteward.init)
    case .quota(let member, let entries, let bytes):
      wire.quota.member = member.rawValue
      wire.quota.entries = entries
      wire.quota.bytes = bytes
    }
    do {
      return try wire.serializedBytes()
    } catch { throw MalformedBytes("control content cannot be encoded: \(error)") }
  }
}

extension WireClosedLog {
  init(_ closed: ClosedLog) {
    self.init()
    generation = closed.generation
    scope = WireScopeName(closed.scope)
    last = closed.last
  }
}

extension WireSteward {
  init(_ steward: Steward) {
    self.init()
    member = steward.member.rawValue
    logs = steward.logs.map { stretch in
      var wire = WireStewardLog()
      wire.generation = stretch.generation
      wire.scope = WireScopeName(stretch.scope)
      wire.from = stretch.from
      wire.to = stretch.to ?? 0
      return wire
    }
  }
}

extension Steward {
  init(_ wire: WireSteward) throws(MalformedBytes) {
    guard let member = MemberID(wire.member) else {
      throw MalformedBytes("a steward without a member")
    }
    var logs: [Stretch] = []
    for log in wire.logs {
      logs.append(
        Stretch(
          generation: log.generation, scope: try Scope(log.scope), from: log.from,
          to: log.to == 0 ? nil : log.to))
    }
    self.init(member: member, logs: logs)
  }
}
