// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore

/// What was destroyed is on no disk any more (I7), to the last byte of the database's files: SQLite
/// overwrites what it deletes, and its write-ahead log is emptied when the database is closed.
enum ErasureChecker {
  private static let mark = Data("Wert ".utf8)
  private static let digits = 6

  /// - Parameter disk: of a replica that was closed.
  static func check(_ replica: ReplicaView, _ disk: Disk, _ world: World) {
    var destroyed: Set<String> = []
    var live: Set<String> = []
    let known = Dictionary(
      world.journal.allEntries.map { ($0.hash, $0) }, uniquingKeysWith: { first, _ in first })
    for entry in replica.logs.values.flatMap(\.values) {
      if let values = entry.values {
        live.formUnion(values.values.compactMap(number))
      } else {
        destroyed.formUnion((known[entry.hash]?.values?.values ?? []).compactMap(number))
      }
    }
    destroyed.subtract(live)
    guard !destroyed.isEmpty else { return }
    world.count("values destroyed", destroyed.count)
    for file in ["kreisnetz.sqlite", "kreisnetz.sqlite-wal", "kreisnetz.sqlite-journal"] {
      guard let bytes = disk.bytes(of: file) else { continue }
      for number in numbers(in: Data(bytes)).intersection(destroyed).sorted() {
        world.violated(
          .privacy, "\(replica.node) has the destroyed value \(number) in its file \(file)")
      }
    }
  }

  private static func number(_ value: String) -> String? {
    guard value.hasPrefix("Wert ") else { return nil }
    let digits = value.dropFirst(5).prefix(digits)
    return digits.allSatisfy(\.isNumber) ? String(digits) : nil
  }

  private static func numbers(in bytes: Data) -> Set<String> {
    var found: Set<String> = []
    var rest = bytes.startIndex..<bytes.endIndex
    while let at = bytes.range(of: mark, in: rest) {
      found.insert(String(decoding: bytes[at.upperBound...].prefix(digits), as: UTF8.self))
      rest = at.upperBound..<bytes.endIndex
    }
    return found
  }
}
