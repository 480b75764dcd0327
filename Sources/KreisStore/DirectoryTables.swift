// SPDX-License-Identifier: EUPL-1.2

import GRDB
import KreisCore

/// One typed table per record kind, for admins and for queries: the fold's result, made from the
/// table of kinds and fields. Losing them loses nothing; `rebuild` makes them anew from the log.
struct DirectoryTables: Sendable {
  let schema: Schema
  private let upserts: [UInt32: String]
  private let deletes: [UInt32: String]
  private let selects: [UInt32: String]

  init(_ schema: Schema) {
    self.schema = schema
    var upserts: [UInt32: String] = [:]
    var deletes: [UInt32: String] = [:]
    var selects: [UInt32: String] = [:]
    for kind in schema.kinds {
      let columns = ["record", "id"] + kind.fields.map(\.name)
      let names = columns.map(Self.quoted).joined(separator: ", ")
      let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
      upserts[kind.tag] =
        "INSERT OR REPLACE INTO \(Self.quoted(kind.name)) (\(names)) VALUES (\(marks))"
      deletes[kind.tag] = "DELETE FROM \(Self.quoted(kind.name)) WHERE record = ?"
      selects[kind.tag] = "SELECT \(names) FROM \(Self.quoted(kind.name)) WHERE record = ?"
    }
    self.upserts = upserts
    self.deletes = deletes
    self.selects = selects
  }

  /// What the tables' content depends on. Another fingerprint means: fold everything anew, so that
  /// fields of a newer version take effect after the upgrade.
  var fingerprint: String {
    let columns = schema.kinds.map { kind in
      "\(kind.tag) \(kind.name): "
        + kind.fields.map { "\($0.tag) \($0.name) \(Self.columnType($0))" }.joined(separator: ",")
    }
    return "\(foldVersion).\(RecordSeal.version) "
      + Hash256(of: Array(columns.joined(separator: "\n").utf8)).description
  }

  static func quoted(_ name: String) -> String { "\"\(name)\"" }

  /// Creates missing tables and columns.
  func create(in db: Database) throws {
    for kind in schema.kinds {
      let table = Self.quoted(kind.name)
      try db.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS \(table) (record INTEGER PRIMARY KEY, id TEXT NOT NULL) STRICT
          """)
      let existing = Set(try db.columns(in: kind.name).map(\.name))
      for field in kind.fields where !existing.contains(field.name) {
        try db.execute(
          sql: """
            ALTER TABLE \(table) ADD COLUMN \(Self.quoted(field.name)) \(Self.columnType(field))
            """)
      }
      if kind.externalID != nil {
        try db.execute(
          sql: """
            CREATE INDEX IF NOT EXISTS \(Self.quoted(kind.name + "_external_id"))
            ON \(table) (external_id) WHERE external_id IS NOT NULL
            """)
      }
    }
  }

  /// Sets are JSON arrays of their elements, ascending: `json_each` reads them.
  private static func columnType(_ field: Field) -> String {
    if field.isSet { return "TEXT" }
    return switch field.type {
    case .integer, .boolean: "INTEGER"
    case .latitude, .longitude: "REAL"
    default: "TEXT"
    }
  }

  static func columnValue(_ text: String, _ field: Field) -> DatabaseValue {
    switch field.type {
    case .integer: Int64(text)?.databaseValue ?? .null
    case .boolean: (text == "true" ? 1 : 0).databaseValue
    case .latitude, .longitude: Double(text)?.databaseValue ?? .null
    default: text.databaseValue
    }
  }

  /// The row of `state`, or `nil` where nothing is to be shown: of what is restricted (Art. 18 GDPR),
  /// neither.
  func row(_ record: Int64, _ state: RecordState) -> (kind: UInt32, values: [DatabaseValue])? {
    guard let tag = state.kind, let kind = schema.kind(tag: tag) else { return nil }
    let shown = state.shown
    guard !shown.isEmpty, !state.isRestricted(kind) else { return nil }
    var values = [DatabaseValue](repeating: .null, count: kind.fields.count + 2)
    values[0] = record.databaseValue
    values[1] = state.record.description.databaseValue
    var elements: [Int: [String]] = [:]
    for (register, place) in shown {
      guard let column = kind.index(ofTag: register.tag) else { continue }
      let field = kind.fields[column]
      if field.isSet {
        if let element = register.element { elements[column, default: []].append(element) }
      } else if register.element == nil, let value = place.head.value {
        values[column + 2] = Self.columnValue(value, field)
      }
    }
    for (column, list) in elements { values[column + 2] = Self.json(list).databaseValue }
    return (tag, values)
  }

  /// Elements are keys and ids; what would need escaping is left out of the text by `Field`, but a
  /// foreign log may hold anything.
  private static func json(_ elements: [String]) -> String {
    let quoted = elements.sorted().map { element in
      var out = "\""
      for scalar in element.unicodeScalars {
        switch scalar {
        case "\"", "\\": out += "\\\(scalar)"
        case "\u{0}"..<" ":
          let hex = String(scalar.value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: out.unicodeScalars.append(scalar)
        }
      }
      return out + "\""
    }
    return "[" + quoted.joined(separator: ",") + "]"
  }

  /// Writes the row, or removes it; `oldKind` is the kind under which the record stood so far.
  func write(
    _ record: Int64, _ row: (kind: UInt32, values: [DatabaseValue])?, oldKind: UInt32,
    in ledger: Ledger
  ) throws {
    if oldKind != 0, row?.kind != oldKind, let sql = deletes[oldKind] {
      try ledger.db.cachedStatement(sql: sql).execute(arguments: [record])
    }
    guard let row, let sql = upserts[row.kind] else { return }
    let upsert = try ledger.upsert(kind: row.kind, sql)
    for (index, value) in row.values.enumerated() { upsert.bind(Int32(index + 1), value) }
    try upsert.run()
  }

  /// The row as it stands in the table, in the order of `row`.
  func storedRow(_ record: Int64, kind tag: UInt32, in db: Database) throws -> [DatabaseValue]? {
    guard let sql = selects[tag] else { return nil }
    let query = try HotStatement(sql, in: db)
    query.bind(1, record)
    return try query.first { $0.values() }
  }

  /// All rows, by the record's id; without what only this database knows.
  fileprivate func rows(in db: Database) throws -> [String: [DatabaseValue]] {
    var out: [String: [DatabaseValue]] = [:]
    for kind in schema.kinds {
      let names = (["id"] + kind.fields.map(\.name)).map(Self.quoted).joined(separator: ", ")
      for row in try Row.fetchAll(db, sql: "SELECT \(names) FROM \(Self.quoted(kind.name))") {
        out[row[0]] = [kind.name.databaseValue] + row.databaseValues
      }
    }
    return out
  }

  /// Empties all tables, before everything is folded anew.
  func clear(in db: Database) throws {
    for kind in schema.kinds { try db.execute(sql: "DELETE FROM \(Self.quoted(kind.name))") }
  }
}

extension Snapshot {
  /// Every record's row in the directory tables, as text: the same in all replicas that may see the
  /// same of it.
  package func tableRows() throws -> [String: [String]] {
    try tables.rows(in: db).mapValues { $0.map(\.description) }
  }
}
