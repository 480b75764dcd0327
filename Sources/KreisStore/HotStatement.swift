// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import GRDBSQLite
import KreisCore

/// A prepared statement of the paths that run it for each entry or record, bound and stepped without a
/// value in between: a catch-up runs several of them for each entry, and boxing their arguments took
/// longer than SQLite did.
///
/// What is bound is copied by SQLite, so nothing needs to outlive the call.
struct HotStatement {
  private let statement: Statement
  private let db: Database
  private var handle: OpaquePointer { statement.sqliteStatement }

  /// Prepares it once for each connection.
  init(_ sql: String, in db: Database) throws {
    self.db = db
    statement = try db.cachedStatement(sql: sql)
  }

  func bind(_ index: Int32, _ value: Int64) {
    expectBound(sqlite3_bind_int64(handle, index, value))
  }

  func bind(_ index: Int32, _ value: Int64?) {
    if let value { bind(index, value) } else { bindNull(index) }
  }

  func bindNull(_ index: Int32) { expectBound(sqlite3_bind_null(handle, index)) }

  func bind(_ index: Int32, _ bytes: [UInt8]) {
    bytes.withUnsafeBytes { bind(index, $0) }
  }

  func bind(_ index: Int32, _ hash: Hash256) {
    hash.withUnsafeBytes { bind(index, $0) }
  }

  func bind(_ index: Int32, _ mark: Mark) {
    withUnsafeBytes(of: (mark.high.bigEndian, mark.low.bigEndian)) { bind(index, $0) }
  }

  func bind(_ index: Int32, _ record: RecordID) {
    withUnsafeBytes(of: (record.high.bigEndian, record.low.bigEndian)) { bind(index, $0) }
  }

  func bind(_ index: Int32, _ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      // An empty text has no address, which SQLite would take for NULL.
      expectBound(
        utf8.baseAddress.map { start in
          start.withMemoryRebound(to: CChar.self, capacity: utf8.count) {
            sqlite3_bind_text(handle, index, $0, Int32(utf8.count), Self.transient)
          }
        } ?? sqlite3_bind_text(handle, index, "", 0, Self.transient))
    }
  }

  func bind(_ index: Int32, _ value: DatabaseValue) {
    switch value.storage {
    case .null: bindNull(index)
    case .int64(let number): bind(index, number)
    case .double(let number): expectBound(sqlite3_bind_double(handle, index, number))
    case .string(let text): bind(index, text)
    case .blob(let data): data.withUnsafeBytes { bind(index, $0) }
    }
  }

  private func bind(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
    if let start = bytes.baseAddress {
      expectBound(sqlite3_bind_blob(handle, index, start, Int32(bytes.count), Self.transient))
    } else {
      expectBound(sqlite3_bind_zeroblob(handle, index, 0))
    }
  }

  /// Nothing may be written or asked with an older value: the process ends where memory is out, as for
  /// every other value, or where the statement is still being stepped.
  private func expectBound(_ code: Int32) {
    precondition(code == SQLITE_OK, "SQLite does not take a value: \(code)")
  }

  /// Runs a statement that gives no rows.
  func run() throws {
    defer { sqlite3_reset(handle) }
    try check(sqlite3_step(handle), is: SQLITE_DONE)
  }

  /// The rowid that the last run inserted; `nil` if it changed nothing.
  var insertedRow: Int64? {
    let connection = sqlite3_db_handle(handle)
    return sqlite3_changes(connection) > 0 ? sqlite3_last_insert_rowid(connection) : nil
  }

  /// Runs a query and reads its first row.
  ///
  /// - Returns: `nil` if it has none.
  func first<T>(_ read: (borrowing HotRow) throws -> T) throws -> T? {
    defer { sqlite3_reset(handle) }
    let code = sqlite3_step(handle)
    if code == SQLITE_DONE { return nil }
    try check(code, is: SQLITE_ROW)
    return try read(HotRow(handle))
  }

  /// Runs a query and reads its rows, until one is the last to be read.
  func each(_ goOn: (borrowing HotRow) throws -> Bool) throws {
    defer { sqlite3_reset(handle) }
    while true {
      let code = sqlite3_step(handle)
      if code == SQLITE_DONE { return }
      try check(code, is: SQLITE_ROW)
      guard try goOn(HotRow(handle)) else { return }
    }
  }

  private func check(_ code: Int32, is expected: Int32) throws {
    guard code != expected else { return }
    throw DatabaseError(
      resultCode: ResultCode(rawValue: sqlite3_extended_errcode(db.sqliteConnection)),
      message: String(cString: sqlite3_errmsg(db.sqliteConnection)), sql: statement.sql)
  }

  /// `SQLITE_TRANSIENT`, a macro that Swift cannot import.
  private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}

/// The row that a statement stands on; what `Rows` says of damaged ones holds here.
struct HotRow: ~Copyable {
  private let handle: OpaquePointer

  fileprivate init(_ handle: OpaquePointer) { self.handle = handle }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

  func integer(_ column: Int32) throws -> Int64 {
    guard sqlite3_column_type(handle, column) == SQLITE_INTEGER else {
      throw StoreError.impossible("a number")
    }
    return sqlite3_column_int64(handle, column)
  }

  func withBytes<T>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    let start = sqlite3_column_blob(handle, column)
    return try body(
      UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
  }

  /// The BLOB in a column, copied once; `nil` for NULL.
  func bytes(_ column: Int32) -> [UInt8]? {
    isNull(column) ? nil : withBytes(column) { Array($0) }
  }

  func hash(_ column: Int32) throws -> Hash256 {
    guard let hash = withBytes(column, { Hash256($0) }) else {
      throw StoreError.impossible("a hash")
    }
    return hash
  }

  /// From the columns body, block and commitment, `column` the first.
  func entry(_ column: Int32, isPacked: Bool) -> Entry {
    let body = bytes(column) ?? []
    if !isNull(column + 1) {
      let block = withBytes(column + 1) { isPacked ? PackedBlock.unpack($0) : Array($0) }
      return Entry(body: body, proof: .block(block))
    }
    if let commitment = withBytes(column + 2, { Hash256($0) }) {
      return Entry(body: body, proof: .destroyed(commitment))
    }
    return Entry(body: body, proof: .none)
  }

  /// All columns.
  func values() -> [DatabaseValue] {
    var values: [DatabaseValue] = []
    for column in 0..<sqlite3_column_count(handle) { values.append(value(column)) }
    return values
  }

  private func value(_ column: Int32) -> DatabaseValue {
    switch sqlite3_column_type(handle, column) {
    case SQLITE_INTEGER: return sqlite3_column_int64(handle, column).databaseValue
    case SQLITE_FLOAT: return sqlite3_column_double(handle, column).databaseValue
    case SQLITE_TEXT:
      return withBytes(column) { String(decoding: $0, as: UTF8.self).databaseValue }
    case SQLITE_BLOB: return withBytes(column) { Data($0).databaseValue }
    default: return .null
    }
  }

  /// `nil` for NULL, and for what is none.
  func mark(_ column: Int32) -> Mark? { withBytes(column) { Mark($0) } }
}
