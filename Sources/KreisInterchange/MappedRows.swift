// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Reads a directory from somebody's table, as an `ImportMapping` says what its columns mean.
///
/// One row of the table can give several rows of different kinds, which refer to each other. A record
/// that several rows of the table repeat is taken once; where they differ, the later one is refused.
package struct MappedRows {
  package let encoding: TextEncoding
  package let delimiter: Character
  /// Columns that the mapping does not know.
  package let warnings: [LineError]

  private let mapping: ImportMapping
  private var reader: CSVReader
  /// Where the columns stand.
  private let indices: [String: Int]
  /// What one line of the table gave and nobody took yet.
  private var waiting: [Result<DirectoryRow, RowError>] = []
  /// The line and content of each record so far.
  private var seen: [Seen: (line: Int, content: Int)] = [:]

  private struct Seen: Hashable {
    let kind: UInt32
    let externalID: String
  }

  /// - Throws: `LineError` for a header that is wrong, `MappingError` where the mapping names a
  ///   column that the table lacks, and what the source throws.
  package init(
    _ mapping: ImportMapping, encoding: TextEncoding? = nil, read: @escaping ChunkSource
  ) throws {
    self.mapping = mapping
    reader = try CSVReader(encoding: encoding, read: read)
    self.encoding = reader.encoding
    delimiter = reader.delimiter
    let header = reader.header
    indices = Dictionary(zip(header, header.indices), uniquingKeysWith: { first, _ in first })
    for name in mapping.columns where indices[name.text] == nil {
      // What is to be ignored need not be there.
      if mapping.ignored.contains(name) { continue }
      throw MappingError(
        line: name.line,
        reason: "the table has no column „\(name.text)“; it has "
          + header.joined(separator: ", "))
    }
    let known = Set(mapping.columns.map(\.text))
    warnings = header.filter { !known.contains($0) }.map { [headerLine = reader.headerLine] name in
      LineError(
        line: headerLine,
        reason: "the mapping does not know the column „\(name)“; what it holds is not imported")
    }
  }

  /// The next row; `nil` at the end.
  ///
  /// - Throws: `RowError` for a record whose values are wrong; `LineError` as `CSVReader.next()`;
  ///   and what the source throws.
  package mutating func next() throws -> DirectoryRow? {
    while waiting.isEmpty {
      guard let (line, cells) = try reader.next() else { return nil }
      let row = cells.map { String($0.trimmingBlanks()) }
      split(line: line, row)
    }
    return try waiting.removeFirst().get()
  }

  // MARK: - Rows

  private mutating func split(line: Int, _ cells: [String]) {
    let present = mapping.records.filter { isPresent($0, cells) }
    var keys: [String: String] = [:]
    var reasons: [String: String] = [:]
    var base: String?
    for record in mapping.records {
      guard let key = key(of: record, cells, base) else {
        reasons[record.name] =
          "nothing names the record: map a column to external_id, or name columns with key:"
        continue
      }
      base = base ?? key
      keys[record.name] = key
    }
    for record in present {
      do throws(RowError) {
        guard let key = keys[record.name] else {
          throw RowError(
            line: line, reasons: ["\(record.name): \(reasons[record.name] ?? "no external_id")"])
        }
        let targets = keys.filter { name, _ in present.contains { $0.name == name } }
        let row = try row(record, key, line: line, cells, targets)
        if try isNew(row, key) { waiting.append(.success(row)) }
      } catch { waiting.append(.failure(error)) }
    }
  }

  private func isPresent(_ record: ImportMapping.RecordRule, _ cells: [String]) -> Bool {
    (record.condition ?? record.columns).contains { !cell($0, cells).isEmpty }
  }

  private func cell(_ name: ImportMapping.ColumnName, _ cells: [String]) -> String {
    indices[name.text].map { SpreadsheetText.unprotected(cells[$0]) } ?? ""
  }

  /// What names the record: the field that is its external id, columns of its own, or those of the
  /// row.
  private func key(
    of record: ImportMapping.RecordRule, _ cells: [String], _ base: String?
  ) -> String? {
    let id = record.fields.first { $0.column.field.tag == record.kind.externalID?.tag }
    if let id, let text = text(id, cells), !text.isEmpty { return text }
    if let key = record.key { return derived(record.kind.name, key, cells) }
    if let base { return "\(base)/\(record.name)" }
    return mapping.key.isEmpty ? nil : derived(record.kind.name, mapping.key, cells)
  }

  private func derived(
    _ kind: String, _ key: [ImportMapping.ColumnName], _ cells: [String]
  ) -> String? {
    let parts = key.map { cell($0, cells) }
    return parts.allSatisfy(\.isEmpty) ? nil : DerivedKey.externalID([kind] + parts)
  }

  /// Whether the row is the first of its record.
  private mutating func isNew(_ row: DirectoryRow, _ key: String) throws(RowError) -> Bool {
    let place = Seen(kind: row.kind.tag, externalID: key)
    guard let first = seen[place] else {
      seen[place] = (row.line, row.values.hashValue)
      return true
    }
    guard first.content == row.values.hashValue else {
      throw RowError(
        line: row.line,
        reasons: ["\(row.kind.name) „\(key)“ differs from what line \(first.line) says of it"])
    }
    return false
  }

  // MARK: - Values

  private func row(
    _ record: ImportMapping.RecordRule, _ key: String, line: Int, _ cells: [String],
    _ targets: [String: String]
  ) throws(RowError) -> DirectoryRow {
    var builder = RowBuilder(line: line, kind: record.kind)
    var hasKey = false
    for rule in record.fields {
      if rule.column.field.tag == record.kind.externalID?.tag { hasKey = true }
      if case .record(let name) = rule.source {
        guard let target = targets[name] else { continue }
        builder.add(rule.column) { field throws(InvalidValue) in
          let value = try RowBuilder.value("key:" + target, of: field)
          return field.isSet ? .elements([value]) : .set(value)
        }
        continue
      }
      guard let text = text(rule, cells), !text.isEmpty else { continue }
      builder.add(rule.column) { field throws(InvalidValue) in
        try edit(text, rule, field)
      }
    }
    if !hasKey, let field = record.kind.externalID {
      builder.add(RowBuilder.Column(field: field, scope: field.scope)) {
        field throws(InvalidValue) in .set(try RowBuilder.value(key, of: field))
      }
    }
    return try builder.row(id: nil)
  }

  /// What a rule makes of the cells, translated unless it is a set.
  private func text(_ rule: ImportMapping.FieldRule, _ cells: [String]) -> String? {
    switch rule.source {
    case .record: return nil
    case .constant(let text): return text
    case .columns(let names, let join):
      let text = names.map { cell($0, cells) }.filter { !$0.isEmpty }.joined(separator: join)
      return rule.column.field.isSet ? text : translated(text, rule)
    }
  }

  private func translated(_ text: String, _ rule: ImportMapping.FieldRule) -> String? {
    guard let translation = rule.values[text.lowercased()] else { return text }
    return translation
  }

  private func edit(
    _ text: String, _ rule: ImportMapping.FieldRule, _ field: Field
  ) throws(InvalidValue) -> FieldEdit {
    guard field.isSet else { return .set(try RowBuilder.value(raw(text, field), of: field)) }
    let elements = text.components(separatedBy: rule.separator)
      .map { String($0.trimmingBlanks()) }.filter { !$0.isEmpty }
    let wanted = elements.compactMap { translated($0, rule) }
    return try RowBuilder.elements(wanted.map { raw($0, field) }, of: field)
  }

  /// Another record is named by its id or, as tables have it, by its external id alone.
  private func raw(_ text: String, _ field: Field) -> String {
    guard case .reference = field.type else { return OfficeSpelling.plain(text, of: field) }
    return text.hasPrefix("key:") || RecordID(text: text) != nil ? text : "key:" + text
  }
}

extension String {
  /// The parts between occurrences of a text that is not empty.
  fileprivate func components(separatedBy separator: String) -> [String] {
    split(separator: separator, omittingEmptySubsequences: true).map(String.init)
  }
}
