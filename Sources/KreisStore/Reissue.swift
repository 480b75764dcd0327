// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// How far a replica is on its way back after it opened a key generation.
package enum Recovery: Hashable, Sendable {
  /// Nothing of its own is set aside, and its closed logs are held up to their closings.
  case none
  /// Own closed logs are not yet held up to their closings, or the closings are not known yet: the
  /// feed is to be followed with own bundles whole (`own=true`).
  case takingBackUp
  /// So many own entries are set aside, to be issued again by `reissue` once the feed was followed to
  /// its end with own bundles whole.
  case ready(entries: Int)
}

extension ReplicaState {
  func recovery(_ ledger: Ledger) throws -> Recovery {
    guard try identity.generation == 1 || isGranted() else { return .takingBackUp }
    // A hub that was rebuilt may lack what it closed behind: then nobody brings it, and the feed's end,
    // with own bundles whole, is all there is to wait for.
    if feedGeneration <= 1 {
      for (log, last) in membership.closings(of: identity.member) {
        guard try ledger.head(of: log)?.sequence ?? 0 >= last else { return .takingBackUp }
      }
    }
    let entries = try Int.fetchOne(
      ledger.db,
      sql: """
        SELECT count(*) FROM set_aside JOIN branch USING (branch) JOIN log USING (log)
        WHERE member = ? AND reason <> 'issued'
        """, arguments: [Int64(identity.member.rawValue)])
    return entries.map { $0 > 0 ? .ready(entries: $0) : .none } ?? .none
  }

  /// Whether the hub's own entries say that this replica's generation is open, and so how the
  /// earlier ones are closed.
  private func isGranted() throws -> Bool {
    let stated = Membership(realm: identity.realm, control: control)
    return stated.key(of: identity.member, generation: identity.generation) != nil
  }
}

extension Snapshot {
  /// How far this replica is on its way back.
  package func recovery() throws -> Recovery { try replica.recovery(ledger) }

  /// Whether own entries may stand beside the own logs, here or at the hub: of an earlier generation
  /// somebody may have brought it some since, and no feed says so.
  package func mayLackOwn() throws -> Bool { try identity.generation > 1 || recovery() != .none }
}

extension Store {
  /// Whether the hub closed a log of this replica's present generation, as of the last commit: it can
  /// write there no more before its next one. A member that was shut out gets none.
  package var isClosed: Bool {
    withCache {
      let (identity, membership) = ($0.replica.identity, $0.replica.membership)
      return membership.members[identity.member]?.isRevoked == false
        && membership.closings(of: identity.member).keys.contains {
          $0.generation == identity.generation
        }
    }
  }
}

extension Transaction {
  /// Issues again, in the own present generation, what stands beside the own logs: with its old time,
  /// its values under their old salt, and its bases mapped. What the logs hold already, or what was
  /// issued again before, is not issued twice, so a repetition after a crash or a restored backup is
  /// harmless.
  ///
  /// - Returns: how many entries were issued.
  /// - Throws: `StoreError.rejected` while own closed logs are not held up to their closings.
  @discardableResult
  package func reissue() throws -> Int {
    switch try replica.recovery(ledger) {
    case .none: return 0
    case .takingBackUp:
      throw StoreError.rejected(
        "own entries that the hub holds are still missing here; they come with its feed")
    case .ready: return try issueBranches()
    }
  }

  /// The same, whether or not the own closed logs are held up to their closings: at the hub, which
  /// states where they end.
  @discardableResult
  func issueBranches() throws -> Int {
    let branches = try ledger.branches(by: identity.member)
    var reissue = Reissue(self)
    var done = branches
    if !isPlanted(.forgetsTail) { done = try branches.filter { try reissue.issue($0) } }
    try reissue.restate()
    for branch in done { try ledger.close(branch) }
    return reissue.issued
  }

  /// Takes a stretch of an own earlier log that others kept beside it, so that `reissue` issues it
  /// again.
  ///
  /// - Throws: `StoreError.rejected` if it is none, or does not continue what is held of that log.
  package func adopt(_ bundle: UnverifiedBundle) throws {
    let log = bundle.log
    guard log.member == identity.member, log.generation < identity.generation, log.scope != .local
    else { throw StoreError.rejected("\(log) is no earlier log of this replica") }
    var failure = "entry \(bundle.first) of \(log) continues nothing that is held here"
    for key in membership.keys(of: log.member, generation: log.generation) {
      do {
        switch try bundle.placed(on: ledger, in: identity.realm, by: key) {
        case (.held, _)?: return
        case (.next(let chain, let previous), let signed)?,
          (.beside(let chain, let previous), let signed)?:
          return try keepAside(chain.entries, after: previous, signed, because: .fork)
        case nil: break
        }
      } catch let error as BundleError { failure = "a stretch of \(log): \(error)" }
    }
    throw StoreError.rejected(failure)
  }
}

/// One pass over the own branches.
private struct Reissue {
  private struct Part: Hashable {
    let record: RecordID
    let scope: Scope
  }

  private struct Place: Hashable {
    let origin: EntryReference
    let register: Register
  }

  private struct Order {
    var header: EntryBody
    var values = Values(values: [])
    var supplied: [Place: String] = [:]
  }

  private let transaction: Transaction
  private(set) var issued = 0
  /// From references to set-aside entries to what stands for them now.
  private var mapped: [EntryReference: EntryReference] = [:]
  /// Parts of records whose values must be destroyed anew, and what earlier restates supplied.
  private var orders: [Part: Order] = [:]
  /// What stands for entries whose values were destroyed in a branch.
  private var dead: Set<EntryReference> = []
  /// Own accepted entries of the records in question, by what they commit to.
  private var known: [RecordID: [Hash256: EntryReference]] = [:]

  init(_ transaction: Transaction) { self.transaction = transaction }

  private var ledger: Ledger { transaction.ledger }

  /// - Returns: whether it could be read to its end; what is damaged is noted, and stays beside the log.
  mutating func issue(_ branch: Branch) throws -> Bool {
    let read = try ledger.readEntries(of: branch)
    for case (let sequence, let (entry, hash)?) in zip(branch.first..., read) {
      let header = try EntryBody(decoding: entry.body)
      let isHeld = try ledger.hash(of: branch.log, at: sequence) == hash
      try issue(entry, header, hash.reference, in: branch.log.scope, isHeld: isHeld)
    }
    let isWhole = read.allSatisfy { $0 != nil }
    if !isWhole { transaction.damages.append(.aside(branch.log)) }
    return isWhole
  }

  private mutating func issue(
    _ entry: Entry, _ header: EntryBody, _ old: EntryReference, in scope: Scope, isHeld: Bool
  ) throws {
    guard mapped[old] == nil else { return }
    guard let record = header.record else {
      mapped[old] = old
      if !isHeld { try issue(control: header, entry) }
      return
    }
    let part = Part(record: record, scope: scope)
    if header.kind == .restate, !isHeld {
      mapped[old] = old
      try order(part, header, entry)
      return
    }
    let new = isHeld ? old : try successor(of: entry, header, record, to: scope)
    mapped[old] = new
    if case .destroyed = entry.proof {
      dead.insert(new)
      if orders[part] == nil { orders[part] = Order(header: header) }
    }
  }

  /// The entry that stands for a set-aside one: issued before, or now.
  private mutating func successor(
    of entry: Entry, _ header: EntryBody, _ record: RecordID, to scope: Scope
  ) throws -> EntryReference {
    if let commitment = entry.commitment, let held = try known(record)[commitment] { return held }
    var header = header
    header.writes = header.writes.map { map($0) }
    var values: Values?
    if case .block(let block) = entry.proof { values = try Values(block: block) }
    let new = try transaction.append(header, entry.proof, values, to: scope)
    issued += 1
    return new.hash.reference
  }

  private func map(_ write: Write) -> Write {
    let bases = Set(write.bases.map { mapped[$0] ?? $0 })
    return Write(
      register: write.register, content: write.content, bases: Array(bases),
      origin: write.origin.map { mapped[$0] ?? $0 })
  }

  /// Salt makes each block unique, so equal commitments are the same act of a person.
  private mutating func known(_ record: RecordID) throws -> [Hash256: EntryReference] {
    if let held = known[record] { return held }
    let own = try ledger.commitments(on: record, by: transaction.identity.member)
    known[record] = own
    return own
  }

  // MARK: - Destruction

  private mutating func order(_ part: Part, _ header: EntryBody, _ entry: Entry) throws {
    var order = orders[part] ?? Order(header: header)
    order.header.recordedAt = max(order.header.recordedAt, header.recordedAt)
    if case .block(let block) = entry.proof {
      let values = try Values(block: block)
      order.values = Values(values: [], role: values.role, reason: values.reason)
      for (write, value) in zip(header.writes, values.values) {
        guard let origin = map(write).origin else { continue }
        order.supplied[Place(origin: origin, register: write.register)] = value
      }
    }
    orders[part] = order
  }

  /// Destroys anew what restates in the branches destroyed, and supplies all that is live. Issued as
  /// it was, a restate would also destroy what the log's other branch wrote since (I6).
  mutating func restate() throws {
    for (part, order) in orders.sorted(by: {
      ($0.key.record, $0.key.scope) < ($1.key.record, $1.key.scope)
    }) {
      guard let state = try transaction.state(of: part.record), !state.isErased(in: part.scope),
        let scope = state.scopes[part.scope]
      else { continue }
      var live: [Forgetting.Restate.Item] = []
      for (register, heads) in scope.registers {
        for head in heads where head.log.member == transaction.identity.member {
          guard head.content == .value, let value = value(of: head, register, order) else {
            continue
          }
          live.append(Forgetting.Restate.Item(register: register, head: head, value: value))
        }
      }
      issued += try transaction.restate(
        part.record, Forgetting.Restate(scope: part.scope, kind: scope.kind, live: live),
        Occasion(
          at: order.header.recordedAt, role: order.values.role, reason: order.values.reason))
    }
  }

  private func value(of head: Head, _ register: Register, _ order: Order) -> String? {
    let reference = head.hash.reference
    if let value = order.supplied[Place(origin: reference, register: register)] { return value }
    return dead.contains(reference) ? nil : head.value
  }

  // MARK: - Control

  /// The hub's own: what it decided in a branch counts again where nothing else was decided since.
  private mutating func issue(control header: EntryBody, _ entry: Entry) throws {
    guard header.kind == .control else {
      // Of a later version, which knows what it means.
      try transaction.append(header, entry.proof, nil, to: .public)
      issued += 1
      return
    }
    guard let control = try? Control(decoding: header.control),
      transaction.membership.lacks(control)
    else { return }
    try transaction.append(transaction.restated(control), at: header.recordedAt)
    issued += 1
  }
}

extension Ledger {
  /// What a member's accepted entries on a record commit to, and their references.
  fileprivate func commitments(
    on record: RecordID, by member: MemberID
  ) throws -> [Hash256: EntryReference] {
    guard let key = try key(of: record) else { return [:] }
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT entry.hash, body, block, commitment FROM entry JOIN log ON log.log = entry >> ?
        WHERE record = ? AND member = ?
        """, arguments: [EntryKey.sequenceBits, key, Int64(member.rawValue)])
    var out: [Hash256: EntryReference] = [:]
    for row in rows {
      guard let commitment = try Self.entry(row, 1).commitment else { continue }
      out[commitment] = try row.hash(0).reference
    }
    return out
  }
}
