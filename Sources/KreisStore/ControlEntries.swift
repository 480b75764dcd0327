// SPDX-License-Identifier: EUPL-1.2

import GRDB
import KreisCore

extension Ledger {
  /// All control entries of the hub's public logs: those of the member that the realm's root key
  /// certifies. Who may write what rests on them, so one that is damaged or missing is an error.
  ///
  /// - Parameter onDamage: takes what would be thrown, for a repair, which goes on with the rest.
  func control(onDamage: ((Damage) -> Void)? = nil) throws -> [ControlEntry] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT one.entry, one.hash, one.body, one.block, one.commitment, previous.hash
        FROM entry AS one LEFT JOIN entry AS previous ON previous.entry = one.entry - 1
        WHERE one.record IS NULL ORDER BY one.entry
        """)
    var byAuthor: [MemberID: [ControlEntry]] = [:]
    var hub: MemberID?
    var sum = Tally()
    while let row = try rows.next() {
      let (log, sequence, hash, entry): (LogID, UInt64, Hash256, Entry)
      do { (log, sequence, hash, entry) = try checkedAlone(row) } catch StoreError.damaged(
        let damage)
      {
        guard let onDamage else { throw StoreError.damaged(damage) }
        onDamage(damage)
        continue
      }
      sum.add(Mark(hash))
      guard log.scope == .public, let header = try? EntryBody(decoding: entry.body),
        header.kind == .control, let control = try? Control(decoding: header.control)
      else { continue }
      if case .root(let certificate) = control, certificate.isValid, certificate.realm == realm,
        certificate.hub == log.member
      {
        hub = log.member
      }
      byAuthor[log.member, default: []].append(
        ControlEntry(hubGeneration: log.generation, sequence: sequence, control: control))
    }
    guard try storedTally(.control).map({ $0 == sum }) ?? true else {
      let damage = Damage(.table("entry"), "has lost an entry of the hub's about the members")
      guard let onDamage else { throw StoreError.damaged(damage) }
      onDamage(damage)
      return hub.flatMap { byAuthor[$0] } ?? []
    }
    return hub.flatMap { byAuthor[$0] } ?? []
  }

  /// From the columns entry, hash, body, block, commitment and the previous entry's hash.
  func checkedAlone(_ row: Row) throws -> (LogID, UInt64, Hash256, Entry) {
    let key = try row.integer(0)
    var chain = try chain(before: key, row.hasNull(atIndex: 5) ? nil : row.hash(5))
    let entry = try checked(row, continuing: &chain)
    return (
      try name(of: EntryKey.log(key)), EntryKey.sequence(key), chain.head.hash, entry
    )
  }
}
