// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// A row's name in the system that it comes from.
struct ImportKey: Hashable {
  let kind: UInt32
  let externalID: String

  init(_ kind: RecordKind, _ externalID: String) {
    self.kind = kind.tag
    self.externalID = externalID
  }
}

/// Where in an input its rows' names stand.
///
/// Small, because a whole directory is read in one go: of a name nothing stays but 128 bits of hashes
/// that are seeded anew in every process, so that nobody can make two names with the same.
struct ImportKeys {
  /// Where a name stands.
  struct Row {
    private let lineNumber: UInt32
    private let placeNumber: UInt32

    init(line: Int, place: Int) {
      lineNumber = UInt32(clamping: line)
      placeNumber = UInt32(clamping: place)
    }

    var line: Int { Int(lineNumber) }
    /// As the how manieth row.
    var place: Int { Int(placeNumber) }
  }

  private struct Digest: Hashable {
    let first: UInt64
    let second: UInt64

    init(_ key: ImportKey) {
      func hash(_ salt: UInt8) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(salt)
        hasher.combine(key)
        return UInt64(bitPattern: Int64(hasher.finalize()))
      }
      first = hash(1)
      second = hash(2)
    }
  }

  private var numbers: [Digest: UInt32] = [:]
  private var rows: [Row] = []
  /// The ids that rows name beside their name.
  private var ids: [UInt32: RecordID] = [:]

  var count: Int { rows.count }

  /// A number below `count` for a name that stands in the input.
  func number(of key: ImportKey) -> Int? { numbers[Digest(key)].map(Int.init) }

  subscript(key: ImportKey) -> Row? { number(of: key).map { rows[$0] } }

  /// The id that the row of this name has beside it.
  func id(beside key: ImportKey) -> RecordID? {
    guard !ids.isEmpty, let number = numbers[Digest(key)] else { return nil }
    return ids[number]
  }

  /// - Returns: where the name stands already, if it does; then nothing is added.
  mutating func add(_ key: ImportKey, _ row: Row, id: RecordID?) -> Row? {
    let digest = Digest(key)
    if let known = numbers[digest] { return rows[Int(known)] }
    let number = UInt32(clamping: rows.count)
    numbers[digest] = number
    rows.append(row)
    ids[number] = id
    return nil
  }
}
