// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

extension Transaction {
  /// Names the member that is to keep a record from now on. It is an ordinary write of the present
  /// steward; the hub answers it with a list of stewards.
  ///
  /// - Throws: `StoreError.rejected`.
  package func transfer(_ id: RecordID, to member: MemberID, _ occasion: Occasion) throws {
    guard let state = try state(of: id), let kind = state.kind, state.erasedIn == nil,
      let scope = state.scopes.keys.filter({ $0 != .local }).min()
    else { throw StoreError.rejected("there is no record \(id) that others know of") }
    guard membership.mayWrite(identity.member, id) else {
      let owner = membership.keeper(of: id)?.title ?? "its steward"
      throw StoreError.rejected("only \(owner) and the hub may pass \(id) on")
    }
    guard let next = membership.members[member], !next.isRevoked else {
      throw StoreError.rejected("there is no such member")
    }
    guard membership.steward(of: id) != member else {
      throw StoreError.rejected("\(next.title) keeps \(id) already")
    }
    guard try Self.fits(stewards(of: id, next: member), of: id) else {
      throw StoreError.rejected("\(id) cannot be passed on: \(Self.tooManyStewards)")
    }
    try writeNextSteward(.value, member.description, on: id, state, scope, kind, occasion)
    _ = try grantTransfer(of: id, at: occasion.at)
  }

  private func writeNextSteward(
    _ content: Write.Content, _ value: String?, on id: RecordID, _ state: RecordState,
    _ scope: Scope, _ kind: UInt32, _ occasion: Occasion
  ) throws {
    let register = Register(tag: RecordKind.nextStewardTag)
    let heads = state.scopes[scope]?.heads(of: register) ?? []
    try append(
      EntryBody(
        recordedAt: occasion.at, kind: .write, recordKind: kind, record: id,
        writes: [Write(register: register, content: content, bases: heads.map(\.hash.reference))]),
      values: Values(
        values: value.map { [$0] } ?? [], role: occasion.role, reason: occasion.reason), to: scope)
    try foldTouched()
  }

  /// Why a record stays with its steward. The list repeats all earlier ones, so that what they wrote
  /// keeps its effect (I4), and has to fit one control entry (I5).
  private static let tooManyStewards =
    "it was passed on so often that the list of those who kept it is full. Create it anew where it is "
    + "to be kept, and merge this one into the new one: kreisnetz merge NEW OLD"

  private static func fits(_ list: [Steward], of id: RecordID) throws -> Bool {
    try Control.stewards(id, list).encoded().count <= Limits.control
  }

  /// Answers what a steward asked for, hub only: a list of stewards that ends the earlier ones where the
  /// feeds hold their logs, never below, and begins the next one there.
  ///
  /// What cannot be granted is taken back, with the reason why.
  ///
  /// - Returns: whether anything was written; a repetition writes nothing.
  package func grantTransfer(of id: RecordID, at now: UInt64) throws -> Bool {
    guard identity.role == .hub, let state = try state(of: id), let next = state.nextSteward,
      membership.steward(of: id) != next, membership.members[next].map({ !$0.isRevoked }) ?? false
    else { return false }
    let list = try stewards(of: id, next: next)
    if try Self.fits(list, of: id) {
      try append(.stewards(id, list), at: now)
      return true
    }
    let scopes = state.scopes.filter { $0.value.nextSteward != nil && $0.key != .local }
    let occasion = Occasion(
      at: now, reason: "Not passed on: \(Self.tooManyStewards)")
    for (scope, part) in scopes.sorted(by: { $0.key < $1.key }) {
      try writeNextSteward(.withdrawn, nil, on: id, state, scope, part.kind, occasion)
    }
    return true
  }

  /// The stewards so far, ended where the feeds hold their logs, and the next one from there on.
  private func stewards(of id: RecordID, next: MemberID) throws -> [Steward] {
    let present =
      membership.stewards(of: id)
      ?? id.creator.flatMap { $0 == identity.member ? nil : [Steward(member: $0, logs: [])] } ?? []
    var list: [Steward] = []
    for steward in present { if let ended = try ended(steward) { list.append(ended) } }
    if next != identity.member {
      let logs = try sharedLogs(of: next).map {
        Steward.Stretch(
          generation: $0.log.generation, scope: $0.log.scope, from: $0.head + 1, to: nil)
      }
      list.append(Steward(member: next, logs: logs))
    }
    return list
  }

  /// The same steward up to where the feeds hold its logs; `nil` if it never wrote anything.
  private func ended(_ steward: Steward) throws -> Steward? {
    guard steward.logs.isEmpty || steward.logs.contains(where: { $0.to == nil }) else {
      return steward
    }
    let stretches = try sharedLogs(of: steward.member).map { log, head in
      let named = steward.logs.first { $0.generation == log.generation && $0.scope == log.scope }
      return Steward.Stretch(
        generation: log.generation, scope: log.scope, from: named?.from ?? 1, to: named?.to ?? head)
    }
    return stretches.isEmpty ? nil : Steward(member: steward.member, logs: stretches)
  }

  private func sharedLogs(of member: MemberID) throws -> [(log: LogID, head: UInt64)] {
    try ledger.logs(of: member).filter { $0.log.scope != .local }
  }
}

extension ScopeState {
  /// What the register says in this scope.
  fileprivate var nextSteward: String? {
    registers[Register(tag: RecordKind.nextStewardTag)]?.first.flatMap {
      $0.isLive ? $0.value : nil
    }
  }
}

extension RecordState {
  /// The member that the steward named last to be the next one.
  fileprivate var nextSteward: MemberID? {
    shown[Register(tag: RecordKind.nextStewardTag)]?.head.value.flatMap { MemberID(text: $0) }
  }

  /// Whether it is something that the hub passes on or answers, or its steward may be another one now.
  func mayConcernHub(_ membership: Membership) -> Bool {
    isRequest || nextSteward != nil || membership.stewards(of: record) != nil
  }

  fileprivate var isRequest: Bool {
    kind == RecordKind.changeRequest.tag || kind == RecordKind.requestAnswer.tag
  }
}

extension Store {
  /// Does what a change of these records asks the hub for: passes change requests and answers on, and
  /// answers transfers.
  ///
  /// - Returns: the records about which something was written.
  /// - Throws: `StoreError`.
  package func doHubDuties(
    on records: Set<RecordID>, at now: UInt64
  ) async throws(StoreError) -> [RecordID] {
    let concerned = try await read { try $0.hubDuties(on: records) }
    guard !concerned.isEmpty else { return [] }
    return try await write { transaction in
      try concerned.sorted().filter { id in
        let isGranted = try transaction.grantTransfer(of: id, at: now)
        let isPassed = try transaction.passOn(id, at: now)
        return isGranted || isPassed
      }
    }
  }

  /// The same about everything that is held: what was cut off by a crash is done then.
  package func doAllHubDuties(at now: UInt64) async throws(StoreError) -> [RecordID] {
    try await doHubDuties(on: read { try $0.recordsWithHubDuties() }, at: now)
  }
}

extension Snapshot {
  /// Of the records that changed, and those that refer to them, the ones that concern the hub.
  fileprivate func hubDuties(on records: Set<RecordID>) throws -> Set<RecordID> {
    guard identity.role == .hub, !replica.isGathering, replica.halted == nil else { return [] }
    var out: Set<RecordID> = []
    for id in records {
      guard let key = try ledger.key(of: id) else { continue }
      let state: RecordState
      do {
        state = Fold.record(id, try ledger.entries(ofRecord: key), under: membership)
      } catch StoreError.damaged { continue }
      if state.isRequest || state.nextSteward != nil { out.insert(id) }
      // Its steward may be another one now.
      if membership.stewards(of: id) != nil {
        out.formUnion(try ledger.records(.changeRequest, "subject_id", id))
      }
    }
    return out
  }

  fileprivate func recordsWithHubDuties() throws -> Set<RecordID> {
    var keys: Set<Int64> = []
    let rows = try Row.fetchCursor(
      db, sql: "SELECT record, body FROM entry WHERE record IS NOT NULL")
    while let row = try rows.next() {
      let key = try row.integer(0)
      guard !keys.contains(key), let body = try row.bytes(1),
        let header = try? EntryBody(decoding: body)
      else { continue }
      let isRequest =
        header.recordKind == RecordKind.changeRequest.tag
        || header.recordKind == RecordKind.requestAnswer.tag
      if isRequest
        || header.writes.contains(where: { $0.register.tag == RecordKind.nextStewardTag })
      {
        keys.insert(key)
      }
    }
    return Set(try keys.map { try ledger.id(of: $0) })
  }
}
