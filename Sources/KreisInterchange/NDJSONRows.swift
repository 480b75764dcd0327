// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// Reads a directory from NDJSON: one object per line with `kind`, optionally `id`, and fields by
/// name; `null` withdraws, sets are arrays, `field@scope` names another scope than the default.
package struct NDJSONRows {
  private var reader: NDJSONReader
  private let schema: Schema
  private let defaultKind: RecordKind?
  /// The columns that occurred, by kind and name: rows mostly repeat them. A name from the file is
  /// kept only if it is a field, so this cannot grow beyond the table.
  private var columns: [UInt32: [String: RowBuilder.Column]] = [:]

  /// - Parameter defaultKind: the kind of lines that name none.
  package init(
    schema: Schema = .directory, defaultKind: RecordKind? = nil, read: @escaping ChunkSource
  ) {
    self.schema = schema
    self.defaultKind = defaultKind
    reader = NDJSONReader(read: read)
  }

  /// The next row; `nil` at the end.
  ///
  /// - Throws: `RowError` for a line that is wrong, after which the next call goes on with the next
  ///   line; `LineError` for a line that is too long; and what the source throws.
  package mutating func next() throws -> DirectoryRow? {
    guard let (line, bytes) = try reader.next() else { return nil }
    let json: JSONValue
    do {
      json = try JSONParser.parse(bytes, limit: NDJSONReader.lineLimit)
    } catch {
      throw RowError(line: line, reasons: ["column \(error.column): \(error.reason)"])
    }
    return try row(line: line, json: json)
  }

  private mutating func row(line: Int, json: JSONValue) throws(RowError) -> DirectoryRow {
    guard case .object(let members) = json else {
      throw RowError(line: line, reasons: ["an object is expected, not \(json.typeName)"])
    }
    let kind = try kind(line: line, json["kind"])
    var builder = RowBuilder(line: line, kind: kind)
    var id: String?
    for member in members {
      do {
        switch member.name {
        case "kind": break
        case "id": id = try Self.id(member.value)
        case DirectoryRow.trainingName: builder.isTraining = member.value != .bool(false)
        default:
          let column = try column(member.name, of: kind)
          builder.add(column) { field throws(InvalidValue) in
            try Self.edit(member.value, of: field)
          }
        }
      } catch {
        builder.fail("\(error)")
      }
    }
    return try builder.row(id: id)
  }

  private mutating func column(_ name: String, of kind: RecordKind) throws -> RowBuilder.Column {
    if let known = columns[kind.tag]?[name] { return known }
    let column = try RowBuilder.column(name, of: kind)
    columns[kind.tag, default: [:]][name] = column
    return column
  }

  private func kind(line: Int, _ json: JSONValue?) throws(RowError) -> RecordKind {
    switch json {
    case .string(let name):
      do {
        return try schema.kind(named: name)
      } catch {
        throw RowError(line: line, reasons: [error.description])
      }
    case nil:
      if let defaultKind { return defaultKind }
      throw RowError(line: line, reasons: ["„kind“ is missing, for example \"organization\""])
    case .some(let other):
      throw RowError(line: line, reasons: ["„kind“ must be a string, not \(other.typeName)"])
    }
  }

  private static func id(_ json: JSONValue) throws(InvalidValue) -> String? {
    switch json {
    case .null: return nil
    case .string(let text):
      if let id = RecordID(text: text) { return id.description }
      throw InvalidValue(field: "id", given: text, reason: "ist keine vollständige Kennung")
    default:
      throw InvalidValue(
        field: "id", given: JSONWriter.text(of: json), reason: "ist keine vollständige Kennung")
    }
  }

  private static func edit(_ json: JSONValue, of field: Field) throws(InvalidValue) -> FieldEdit {
    switch json {
    case .null: return .withdraw
    case .array(let elements) where field.isSet:
      var raw: [String] = []
      for element in elements {
        guard case .string(let text) = element else { throw wrongType(element, of: field) }
        raw.append(text)
      }
      return try RowBuilder.elements(raw, of: field)
    case .string(let text) where !field.isSet: return .set(try RowBuilder.value(text, of: field))
    case .number(let lexeme) where !field.isSet:
      return .set(try RowBuilder.value(lexeme, of: field))
    case .bool(let flag) where !field.isSet && field.type == .boolean:
      return .set(.text(flag ? "true" : "false"))
    default: throw wrongType(json, of: field)
    }
  }

  private static func wrongType(_ json: JSONValue, of field: Field) -> InvalidValue {
    InvalidValue(
      field: field.name, given: JSONWriter.text(of: json),
      reason: field.isSet
        ? "ist keine Liste von Texten ([\"…\", \"…\"])" : "ist kein einzelner Wert dieser Art")
  }
}

extension DirectoryRow {
  /// The member or column that marks rows of a training realm.
  static let trainingName = "training"

  /// The row as an object that `NDJSONRows` reads back: numbers and truth values as such, fields in
  /// the order of the table.
  package var json: JSONValue {
    var members = [JSONValue.Member("kind", .string(kind.name))]
    if let id { members.append(JSONValue.Member("id", .string(id))) }
    if isTraining { members.append(JSONValue.Member(Self.trainingName, .bool(true))) }
    let order = Dictionary(
      zip(kind.fields.map(\.tag), kind.fields.indices), uniquingKeysWith: { first, _ in first })
    let sorted = values.sorted {
      (order[$0.field.tag] ?? 0, $0.scope.rawValue) < (order[$1.field.tag] ?? 0, $1.scope.rawValue)
    }
    for entry in sorted {
      let suffix = entry.scope == entry.field.scope ? "" : "@" + entry.scope.rawValue
      members.append(JSONValue.Member(entry.field.name + suffix, Self.json(entry)))
    }
    return .object(members)
  }

  /// The row as one line of NDJSON with its line end.
  package func ndjson() -> [UInt8] { JSONWriter.bytes(of: json) + [0x0A] }

  private static func json(_ entry: Entry) -> JSONValue {
    switch entry.edit {
    case .withdraw: .null
    case .elements(let elements): .array(elements.map { .string($0.text) })
    case .set(let value):
      switch entry.field.type {
      case .boolean: .bool(value.text == "true")
      case .integer, .decimal, .latitude, .longitude: .number(value.text)
      default: .string(value.text)
      }
    }
  }
}
