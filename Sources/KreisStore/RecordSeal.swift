// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// What the fold writes beside a record's row: the sum of its entries, and a hash over all that was
/// folded, the row in the directory table included. Recomputed whenever a record is read.
struct RecordSeal {
  static let version = 1

  let id: RecordID
  let entries: Mark
  let kind: UInt32
  let isDeleted: Bool
  let conflicts: Int64
  /// The row in the table of the kind, `nil` where nothing is shown.
  let row: [DatabaseValue]?

  var mark: Mark {
    var bytes = id.bytes
    bytes.reserveCapacity(256)
    bytes += entries.bytes
    bytes.appendBigEndian(UInt64(kind))
    bytes.append(isDeleted ? 1 : 0)
    bytes.appendBigEndian(UInt64(bitPattern: conflicts))
    bytes.append(row == nil ? 0 : 1)
    for value in row ?? [] { Self.append(value, to: &bytes) }
    return Mark(Hash256(of: bytes))
  }

  /// Type, length and content, so that no two rows have one form.
  private static func append(_ value: DatabaseValue, to bytes: inout [UInt8]) {
    switch value.storage {
    case .null: bytes.append(0)
    case .int64(let number):
      bytes.append(1)
      bytes.appendBigEndian(UInt64(bitPattern: number))
    case .double(let number):
      bytes.append(2)
      bytes.appendBigEndian(number.bitPattern)
    case .string(let text):
      bytes.append(3)
      bytes.appendBigEndian(UInt64(text.utf8.count))
      bytes.append(contentsOf: text.utf8)
    case .blob(let data):
      bytes.append(4)
      bytes.appendBigEndian(UInt64(data.count))
      bytes.append(contentsOf: data)
    }
  }
}

/// A record as the tables have it, proven to be what the fold wrote.
struct SealedRecord {
  let key: Int64
  let seal: RecordSeal
}
