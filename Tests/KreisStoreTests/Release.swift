// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import GRDB
import KreisCore
import KreisStore
import SwiftProtobuf
import Testing

/// What a release left behind: a hub's and a town's database as SQL, the members' keys, everything
/// that the hub passed on as messages, and what all of it folds to.
///
/// `KREISNETZ_TEST_GOLDEN=1 deploy/test --filter 'a release is kept'` writes those of the present
/// schema version to `Tests/Fixtures/releases/schema-N` if they are missing. Once released they never
/// change; a new version is added to `all`.
struct Release: Sendable, CustomTestStringConvertible {
  static let machines = ["hub", "town"]
  static let all = [1, 2, 3].map { Release(schema: $0) }

  let schema: Int
  let folder: URL

  init(schema: Int, in releases: URL = Release.fixtures) {
    self.schema = schema
    folder = releases.appending(path: "schema-\(schema)")
  }

  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fixtures/releases").standardizedFileURL

  var testDescription: String { "schema \(schema)" }

  func has(_ file: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: file).path)
  }

  func text(_ file: String) throws -> String {
    try String(contentsOf: folder.appending(path: file), encoding: .utf8)
  }

  /// Of the hub's and the town's member.
  func key(_ machine: String) throws -> SigningKey {
    let line = try text("keys.txt").split(separator: "\n").first { $0.hasPrefix(machine + " ") }
    let digits = String(line?.split(separator: " ").last ?? "")
    return try SigningKey(rawRepresentation: Hex.decode(digits) ?? [])
  }

  /// Makes the database as that release left it.
  func make(_ machine: String, at path: String) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA journal_mode = WAL")
      try db.execute(sql: text("\(machine).sql"))
    }
    try queue.close()
  }

  /// In the order of the logs, the hub's public ones first.
  func bundles() throws -> [UnverifiedBundle] {
    try text("log.txt").split(separator: "\n").map { line in
      guard let message = Data(base64Encoded: String(line)) else { throw MalformedBytes("base64") }
      return try UnverifiedBundle(WireBundle(serializedBytes: message))
    }
  }

  // MARK: - Writing

  func write(_ file: String, _ text: String) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try text.write(to: folder.appending(path: file), atomically: true, encoding: .utf8)
  }

  /// A database as SQL.
  static func dump(_ path: String) throws -> String {
    let queue = try DatabaseQueue(path: path)
    return try queue.read { db in
      var out = "BEGIN TRANSACTION;\n"
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT name, type, sql FROM sqlite_master
          WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'index', name
          """)
      for row in rows {
        let (name, type, sql): (String, String, String) = (row[0], row[1], row[2])
        out += sql + ";\n"
        guard type == "table" else { continue }
        let columns = try db.columns(in: name).map { "quote(\"\($0.name)\")" }
        let values = columns.joined(separator: " || ',' || ")
        for line in try String.fetchAll(db, sql: "SELECT \(values) FROM \"\(name)\"") {
          out += "INSERT INTO \"\(name)\" VALUES(\(line));\n"
        }
      }
      return out + "COMMIT;\n"
    }
  }

  /// Everything that a hub holds, as messages.
  static func log(of hub: Store) throws -> String {
    try hub.blockingRead { snapshot in
      var lines: [String] = []
      for log in try snapshot.relayableLogs(all: true) {
        var next: UInt64 = 1
        while let bundle = try snapshot.bundle(of: log, from: next) {
          let message: Data = try WireBundle(bundle).serializedData()
          lines.append(message.base64EncodedString() + "\n")
          next = bundle.last + 1
        }
      }
      return lines.joined()
    }
  }

  /// What a replica holds, one line for each scope.
  static func fold(_ machine: String, _ store: Store) throws -> String {
    try digests(store).sorted { $0.key < $1.key }.map { scope, digest in
      "\(machine) \(scope) \(digest.entries) \(digest.records) \(digest.missingValues) "
        + "\(digest.logs) \(digest.state)\n"
    }.joined()
  }
}
