// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// The members of an HSDS object, which notes those that nobody took.
struct HSDSMembers {
  let table: String
  private var members: [String: JSONValue]

  init?(_ json: JSONValue, table: String) {
    guard case .object(let list) = json else { return nil }
    self.table = table
    members = Dictionary(list.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  /// A text or number; `nil` if it is missing or empty.
  mutating func text(_ name: String) -> String? {
    switch members[name] {
    case .string(let text):
      members[name] = nil
      let trimmed = text.trimmingBlanks()
      return trimmed.isEmpty ? nil : String(trimmed)
    case .number(let lexeme):
      members[name] = nil
      return lexeme
    case .bool(let flag):
      members[name] = nil
      return flag ? "true" : "false"
    default: return nil
    }
  }

  /// The objects of a list.
  mutating func list(_ name: String) -> [JSONValue] {
    guard case .array(let elements) = members[name] else { return [] }
    members[name] = nil
    return elements
  }

  mutating func object(_ name: String) -> JSONValue? {
    guard let value = members[name], case .object = value else { return nil }
    members[name] = nil
    return value
  }

  /// Says that these members are not to count as lost.
  mutating func ignore(_ names: String...) { for name in names { members[name] = nil } }

  /// The members with content that nobody took.
  var rest: [String] {
    members.filter { member in
      switch member.value {
      case .null: false
      case .string(let text): !text.isEmpty
      case .array(let elements): !elements.isEmpty
      default: true
      }
    }.keys.sorted()
  }
}

/// A row as it is put together from an HSDS object.
struct HSDSDraft {
  let kind: RecordKind
  /// The object's id, which becomes the record's external id.
  let key: String
  /// Fields whose values the directory does not take, and why.
  private(set) var refused: [(field: String, reason: String)] = []
  private var values: [UInt32: DirectoryRow.Entry] = [:]
  private var sets: [UInt32: [RowValue]] = [:]

  init(_ kind: RecordKind, key: String) {
    self.kind = kind
    self.key = key
    set("external_id", key)
  }

  /// Whether the field has a value already.
  func has(_ name: String) -> Bool {
    (try? kind.field(named: name)).map { values[$0.tag] != nil } ?? false
  }

  /// The text of a field that has a value.
  subscript(name: String) -> String? {
    guard let field = try? kind.field(named: name), case .set(let value)? = values[field.tag]?.edit
    else { return nil }
    return value.text
  }

  /// Sets a field, or adds an element to a set. The first value stays.
  mutating func set(_ name: String, _ text: String?) {
    guard let text, let field = try? kind.field(named: name) else { return }
    do {
      let value = try RowBuilder.value(Self.plain(text, field), of: field)
      if field.isSet {
        sets[field.tag, default: []].append(value)
      } else if values[field.tag] == nil {
        values[field.tag] = DirectoryRow.Entry(field, .set(value))
      }
    } catch { refused.append((name, "\(error)")) }
  }

  /// Refers to the record that another object gives.
  mutating func refer(_ name: String, _ key: String?) {
    guard let key, let field = try? kind.field(named: name), values[field.tag] == nil else {
      return
    }
    let value = RowValue.reference(.key(key))
    if field.isSet {
      sets[field.tag, default: []].append(value)
    } else {
      values[field.tag] = DirectoryRow.Entry(field, .set(value), isOptional: !field.required)
    }
  }

  /// The fields that the record must have and lacks.
  var missing: [String] {
    kind.fields.filter { $0.required && values[$0.tag] == nil }.map(\.name)
  }

  func row(line: Int) -> DirectoryRow {
    let entries = kind.fields.compactMap { field -> DirectoryRow.Entry? in
      guard let elements = sets[field.tag] else { return values[field.tag] }
      let sorted = Set(elements).sorted {
        $0.text.utf8.lexicographicallyPrecedes($1.text.utf8)
      }
      return DirectoryRow.Entry(field, .elements(sorted), isOptional: true)
    }
    return DirectoryRow(line: line, kind: kind, id: nil, values: entries)
  }

  /// Line ends have no place in a field of one line, nor rounding errors in a place.
  private static func plain(_ text: String, _ field: Field) -> String {
    let text = OfficeSpelling.plain(text, of: field)
    switch field.type {
    case .longText: return text
    // More places than the width of a hair needs.
    case .latitude, .longitude:
      return text.firstIndex(of: ".").map {
        String(text.prefix(through: $0)) + text[$0...].dropFirst().prefix(9)
      }
        ?? text
    default: break
    }
    return text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
