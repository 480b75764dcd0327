// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How far a member has not verified the hub's feeds, as of its last statement.
package struct MemberLag: Hashable, Sendable {
  package fileprivate(set) var bundles: UInt64 = 0
  package fileprivate(set) var entries: UInt64 = 0
  /// When the oldest of them was written, by its author's clock; seconds since 1970.
  package fileprivate(set) var oldest: UInt64?

  package init() {}

  fileprivate mutating func add(_ other: MemberLag) {
    bundles += other.bundles
    entries += other.entries
    oldest = [oldest, other.oldest].compactMap(\.self).min()
  }
}

extension Snapshot {
  /// At the hub: how far each member but the hub is behind.
  package func memberLags() throws -> [MemberID: MemberLag] {
    let ends = try feedEnds(for: identity.member)
    let stated = Dictionary(grouping: try statements(for: identity.member), by: \.member)
    var out: [MemberID: MemberLag] = [:]
    // Very many towns may lack the same.
    var known: [Scope: [UInt64: MemberLag]] = [:]
    for member in membership.members.values where member.id != identity.member {
      var lag = MemberLag()
      for scope in membership.readableScopes(of: member.id) {
        let end = ends[scope]?.position ?? 0
        let at = stated[member.id]?.first { $0.scope == scope }?.position ?? 0
        guard at < end else { continue }
        let missing = try known[scope]?[at] ?? self.lag(in: scope, after: at, upTo: end)
        known[scope, default: [:]][at] = missing
        lag.add(missing)
      }
      out[member.id] = lag
    }
    return out
  }

  private func lag(
    in scope: Scope, after position: UInt64, upTo end: UInt64
  ) throws -> MemberLag {
    var lag = MemberLag()
    let (kind, town) = scope.columns
    lag.bundles += end - position
    // A bundle starts after the log's previous one.
    lag.entries += UInt64(
      clamping: try Int64.fetchOne(
        db.cachedStatement(
          sql: """
            SELECT coalesce(sum(new.high - coalesce((
              SELECT max(last) FROM feed AS old WHERE old.log = new.log AND old.position <= ?3
            ), 0)), 0)
            FROM (SELECT log, max(last) AS high FROM feed
              WHERE scope = ?1 AND town = ?2 AND position > ?3 GROUP BY log) AS new
            """), arguments: [kind, town, Int64(position)]) ?? 0)
    let first = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT body FROM feed JOIN entry ON entry.entry = feed.log << \(EntryKey.sequenceBits) | last
          WHERE scope = ?1 AND town = ?2 AND position = ?3
          """), arguments: [kind, town, Int64(position) + 1])
    if let body = try first?.bytes(0), let header = try? EntryBody(decoding: body) {
      lag.oldest = header.recordedAt
    }
    return lag
  }

  /// In a town: how many bundles of its feeds the hub had signed, as it last stated, that are not here.
  package func statedLag() throws -> UInt64 {
    guard let hub = membership.hub else { return 0 }
    let here = try feedCursors()
    return try statements(for: identity.member).reduce(0) { lag, stated in
      let position = here[stated.scope]?.position ?? 0
      return stated.member == hub && stated.position > position
        ? lag + stated.position - position : lag
    }
  }

  /// When each member last stated what it verified, by its own clock; seconds since 1970.
  package func lastStatements() throws -> [MemberID: UInt64] {
    try statements(for: identity.member).reduce(into: [:]) { latest, stated in
      latest[stated.member] = max(latest[stated.member] ?? 0, stated.at)
    }
  }
}

/// The room that a replica takes and has, in bytes.
package struct DiskUse: Hashable, Sendable {
  package let database: UInt64
  package let writeAheadLog: UInt64
  /// What a user without special rights may still fill.
  package let free: UInt64
  package let size: UInt64

  /// - Returns: `nil` if the file system says nothing.
  package init?(of directory: String) {
    var status = statvfs()
    guard statvfs(directory, &status) == 0 else { return nil }
    free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
    size = UInt64(status.f_blocks) * UInt64(status.f_frsize)
    database = Self.bytes(directory + "/kreisnetz.sqlite")
    writeAheadLog = Self.bytes(directory + "/kreisnetz.sqlite-wal")
  }

  private static func bytes(_ path: String) -> UInt64 {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_size) : 0
  }
}

extension Store {
  /// Has SQLite look over the structure of a database, beside whoever writes. Quicker than hashing
  /// everything, and finds less.
  ///
  /// - Returns: what it finds; empty if that is nothing.
  /// - Throws: `StoreError` if it cannot be opened or read at all.
  package static func quickLook(at path: String) throws(StoreError) -> [String] {
    do {
      return try openQueue(path).read { db in
        try String.fetchAll(db, sql: "PRAGMA quick_check(3)").filter { $0 != "ok" }
      }
    } catch { throw StoreError(error) }
  }
}
