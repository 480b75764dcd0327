// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// How far one member is, for the hub's admin.
package struct MemberOverview: Sendable {
  package let member: Member
  /// When it joined; seconds since 1970.
  package let since: UInt64
  /// By its latest statement; seconds since 1970 by its own clock; `nil` before the first.
  package let lastContact: UInt64?
  /// Software and version, as it last said.
  package let software: String?
  /// Feed positions that it has verified, over all scopes it may read.
  package let position: UInt64
  /// Feed positions that it has not stated yet, over all scopes it may read.
  package let lag: UInt64
  /// How much of what it wrote is here.
  package let logs: LogCompleteness
}

/// How much of a member's logs is held here.
package struct LogCompleteness: Sendable, Hashable {
  package let entries: UInt64
  /// Entries up to the known ends of its closed logs that are not here.
  package let missing: UInt64
}

extension Snapshot {
  /// Every member but this hub, by name.
  package func memberOverview() throws -> [MemberOverview] {
    let since = try joinTimes()
    let logs = try logCompleteness()
    let ends = try feedEnds(for: identity.member)
    let stated = Dictionary(
      grouping: try statements(for: identity.member), by: \.member)
    return membership.members.values.filter { $0.id != identity.member }
      .sorted { $0.name < $1.name }
      .map { member in
        let statements = stated[member.id] ?? []
        let latest = statements.max { $0.at < $1.at }
        var (position, lag): (UInt64, UInt64) = (0, 0)
        for scope in membership.readableScopes(of: member.id) {
          let end = ends[scope]?.position ?? 0
          let at = min(statements.first { $0.scope == scope }?.position ?? 0, end)
          position += at
          lag += end - at
        }
        return MemberOverview(
          member: member, since: since[member.id] ?? 0, lastContact: latest?.at,
          software: latest?.software, position: position, lag: lag,
          logs: logs[member.id] ?? LogCompleteness(entries: 0, missing: 0))
      }
  }

  /// How complete the logs that others may read are, by author. A closed log of which nothing came
  /// here counts as well.
  package func logCompleteness() throws -> [MemberID: LogCompleteness] {
    var held: [LogID: UInt64] = [:]
    for row in try Row.fetchAll(db, sql: "SELECT log, sequence FROM log WHERE scope <> 4") {
      held[try ledger.name(of: row.integer(0))] = try row.unsigned(1)
    }
    var out: [MemberID: LogCompleteness] = [:]
    var entries: [MemberID: UInt64] = [:]
    for (log, sequence) in held { entries[log.member, default: 0] += sequence }
    for member in membership.members.keys {
      let ends = membership.closings(of: member)
      out[member] = LogCompleteness(
        entries: entries[member] ?? 0,
        missing: ends.reduce(0) { sum, end in
          let last = held[end.key] ?? 0
          return sum + (end.value > last ? end.value - last : 0)
        })
    }
    return out
  }

  private func joinTimes() throws -> [MemberID: UInt64] {
    let bodies = try Row.fetchCursor(
      db, sql: "SELECT body FROM entry WHERE record IS NULL ORDER BY entry")
    var out: [MemberID: UInt64] = [:]
    while let row = try bodies.next() {
      guard let bytes = try row.bytes(0), let header = try? EntryBody(decoding: bytes),
        let control = try? Control(decoding: header.control),
        case .memberAdded(let id, _, _, _, _) = control, out[id] == nil
      else { continue }
      out[id] = header.recordedAt
    }
    return out
  }
}
