// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// Values as they were written, or a damage: a flipped bit may turn a number into text, or into one
/// that is out of its range.
extension Row {
  func integer(_ column: Int) throws -> Int64 {
    let value: DatabaseValue = self[column]
    guard case .int64(let number) = value.storage else { throw StoreError.impossible("a number") }
    return number
  }

  /// Members' ids, times, sequences and positions have 48 bits at most, so that adding to what is
  /// read cannot overflow.
  func unsigned(_ column: Int) throws -> UInt64 {
    guard let number = UInt64(exactly: try integer(column)), number < Limits.time else {
      throw StoreError.impossible("a number")
    }
    return number
  }

  func unsigned32(_ column: Int) throws -> UInt32 {
    guard let number = UInt32(exactly: try integer(column)) else {
      throw StoreError.impossible("a number")
    }
    return number
  }

  func text(_ column: Int) throws -> String {
    let value: DatabaseValue = self[column]
    guard case .string(let text) = value.storage else { throw StoreError.impossible("a text") }
    return text
  }

  /// The text in a column, `nil` where there is none.
  func textIfAny(_ column: Int) throws -> String? {
    let value: DatabaseValue = self[column]
    return value.isNull ? nil : try text(column)
  }

  func flag(_ column: Int) throws -> Bool { try integer(column) != 0 }

  /// The BLOB in a column, copied once.
  func bytes(_ column: Int) throws -> [UInt8]? {
    try withUnsafeData(atIndex: column) { $0.map { Array($0) } }
  }

  /// The block in a column `block`, as its entry has it.
  func block(_ column: Int, isPacked: Bool = true) throws -> [UInt8]? {
    try bytes(column).map { isPacked ? PackedBlock.unpack($0) : $0 }
  }

  func hash(_ column: Int) throws -> Hash256 {
    guard let bytes = try bytes(column), let hash = Hash256(bytes) else {
      throw StoreError.impossible("a hash")
    }
    return hash
  }

  func member(_ column: Int) throws -> MemberID {
    guard let member = MemberID(try unsigned(column)) else {
      throw StoreError.impossible("a member")
    }
    return member
  }

  /// A scope from its two columns.
  func scope(_ column: Int) throws -> Scope {
    guard let scope = Scope(kind: try unsigned(column), town: try unsigned(column + 1)) else {
      throw StoreError.impossible("a scope")
    }
    return scope
  }
}

extension StoreError {
  static func impossible(_ what: String) -> StoreError {
    .damaged(Damage(.file, "holds \(what) that cannot be where it stands"))
  }
}

extension Scope {
  /// The values of the columns `scope` and `town`.
  var columns: (kind: Int64, town: Int64) { (Int64(kind), Int64(town?.rawValue ?? 0)) }
}

extension Entry {
  /// The values of the columns `block` and `commitment`.
  var columns: (block: Data?, commitment: Data?) {
    switch proof {
    case .none: (nil, nil)
    case .block(let bytes): (Data(PackedBlock.pack(bytes)), nil)
    case .destroyed(let hash): (nil, hash.data)
    }
  }
}

extension Hash256 {
  var data: Data { Data(bytes) }
}

/// An entry's key in the database.
enum EntryKey {
  static let sequenceBits: Int64 = 40

  static func make(_ log: Int64, _ sequence: UInt64) -> Int64 {
    log << sequenceBits | Int64(sequence)
  }

  /// The keys that the entries of a log can have.
  static func all(of log: Int64) -> ClosedRange<Int64> {
    make(log, 0)...make(log, 1 << sequenceBits - 1)
  }

  static func log(_ key: Int64) -> Int64 { key >> sequenceBits }
  static func sequence(_ key: Int64) -> UInt64 { UInt64(key & (1 << sequenceBits - 1)) }
}
