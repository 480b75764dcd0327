import Foundation
import GRDB
import KreisCore

extension Row {
  /// The BLOB in a column, copied once.
  func bytes(_ column: Int) throws -> [UInt8]? {
    try withUnsafeData(atIndex: column) { $0.map { Array($0) } }
  }

  func hash(_ column: Int) throws -> Hash256 {
    guard let bytes = try bytes(column), let hash = Hash256(bytes) else {
      throw StoreError.stateUnknown("a hash in the database does not have 32 bytes")
    }
    return hash
  }

  /// A scope from its two columns.
  func scope(_ column: Int) throws -> Scope {
    guard
      let scope = Scope(
        kind: UInt64(self[column] as Int64), town: UInt64(self[column + 1] as Int64))
    else { throw StoreError.stateUnknown("the database holds an unknown scope") }
    return scope
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
    case .block(let bytes): (Data(bytes), nil)
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

  static func log(_ key: Int64) -> Int64 { key >> sequenceBits }
  static func sequence(_ key: Int64) -> UInt64 { UInt64(key & (1 << sequenceBits - 1)) }
}
