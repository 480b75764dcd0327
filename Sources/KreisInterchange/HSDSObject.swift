// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore

/// One object of HSDS as it is put together from a record.
///
/// What the record has and nobody took becomes an attribute, see <doc:HSDSProfile>.
struct HSDSObject {
  /// The name of the HSDS table.
  let table: String
  private let record: ExportRecord
  private var members: [JSONValue.Member]
  private var attributes: [JSONValue] = []
  private var taken: Set<String>

  /// What is for those who keep the directory and nobody else.
  private static let internalFields: Set<String> = [
    "note", "memo", "legal_basis", "source", "consent_date", "review_date", "restricted",
    "merged_into", "valid_until",
  ]

  init(_ table: String, _ record: ExportRecord) {
    self.table = table
    self.record = record
    members = [.init("id", .string(record.id))]
    // Networks say where their legal basis is; a contact's is the directory's own.
    taken = Self.internalFields
    if record.kind.name == "network" { taken.remove("legal_basis") }
  }

  // MARK: - Members

  /// Copies fields that HSDS has under the same name.
  mutating func copy(_ fields: String...) {
    for field in fields { set(field, take(field).map { .string($0) }) }
  }

  /// Copies numbers that HSDS has under the same name.
  mutating func copyNumbers(_ fields: String...) {
    for field in fields { set(field, take(field).map { .number($0) }) }
  }

  /// A field's value, which is not to become an attribute any more.
  mutating func take(_ field: String) -> String? {
    taken.insert(field)
    return record[field]
  }

  /// Says that these fields are not to become attributes.
  mutating func leaveOut(_ fields: String...) { taken.formUnion(fields) }

  mutating func set(_ name: String, _ value: JSONValue?) {
    if let value { members.append(.init(name, value)) }
  }

  mutating func set(_ name: String, _ text: String) { set(name, .string(text)) }

  /// A list; none if it is empty.
  mutating func nest(_ name: String, _ objects: [JSONValue]) {
    if !objects.isEmpty { set(name, .array(objects)) }
  }

  /// The languages of a set, as objects of the table `language`.
  mutating func languages(owner: String) {
    taken.insert("languages")
    nest(
      "languages",
      record.elements("languages").map { code in
        .object([
          .init("id", .string(Self.id(record.id, "language/\(code)"))),
          .init(owner, .string(record.id)), .init("code", .string(code)),
        ])
      })
  }

  // MARK: - Attributes

  /// Links a term of the directory's own taxonomies.
  mutating func categories(_ source: ExportSource) throws {
    taken.insert("categories")
    for id in record.elements("categories") {
      guard let record = try source.record(id), let term = Self.term(record) else { continue }
      attribute("categories", id, value: nil, term: term)
    }
  }

  /// A term of the directory's own taxonomies; `nil` without a name for these readers.
  static func term(_ record: ExportRecord) -> JSONValue? {
    guard let name = record["name"] else { return nil }
    var object = HSDSObject("taxonomy_term", record)
    object.copy("code", "name")
    // HSDS has no place for synonyms.
    let synonyms = record["synonyms"].map { " (auch: \($0.replacing("\n", with: ", ")))" } ?? ""
    object.set("description", (record["description"] ?? name) + synonyms)
    object.copy("parent_id", "taxonomy", "language", "term_uri")
    return .object(object.members)
  }

  /// The id of one of the directory's own taxonomies, which are no records.
  static func taxonomyID(_ name: String) -> String { id(profile, "taxonomy/\(name)") }

  /// Says in words what HSDS has no table for.
  mutating func attribute(_ name: String, label: String, _ key: String, _ value: String) {
    attribute(
      name, key, value: value,
      term: Self.term("kreisnetz", code: "\(table).\(name)", name: label, description: label))
  }

  private mutating func attribute(
    _ linkType: String, _ key: String, value: String?, term: JSONValue
  ) {
    var attribute: [JSONValue.Member] = [
      .init("id", .string(Self.id(record.id, "attribute/\(linkType)/\(key)"))),
      .init("link_id", .string(record.id)), .init("link_type", .string(linkType)),
      .init("link_entity", .string(table)),
    ]
    if let id = term["id"] { attribute.append(.init("taxonomy_term_id", id)) }
    if let value { attribute.append(.init("value", .string(value))) }
    attribute.append(.init("taxonomy_term", term))
    attributes.append(.object(attribute))
  }

  private static func term(
    _ taxonomy: String, code: String, name: String, description: String
  ) -> JSONValue {
    [
      "id": .string(id(profile, "\(taxonomy)/\(code)")), "code": .string(code),
      "name": .string(name), "description": .string(description), "taxonomy": .string(taxonomy),
      "language": "de",
    ]
  }

  /// All fields that nobody took.
  private mutating func addRest(_ source: ExportSource) throws {
    for field in record.fields where !taken.contains(field.name) {
      for value in record.elements(field.name) {
        switch field.type {
        case .vocabulary(let vocabulary):
          let label = field.display(value)
          attribute(
            field.name, value, value: value,
            term: Self.term(
              vocabulary.name, code: value, name: label, description: "\(field.label): \(label)"))
        case .reference:
          // A reference without a name helps nobody, and may be to what is not handed out.
          guard let name = try source.record(value)?["name"] else { continue }
          attribute(field.name, label: field.label, value, name)
        default: attribute(field.name, label: field.label, value, value)
        }
      }
    }
  }

  // MARK: - Result

  /// The object with its attributes.
  func json(_ source: ExportSource) throws -> JSONValue {
    var copy = self
    try copy.addRest(source)
    copy.nest("attributes", copy.attributes)
    return .object(copy.members)
  }

  /// The namespace of terms that are the profile's own.
  private static let profile = "2f6b1c52-7d0e-4f7c-9d3a-5f0f6f1e8c41"

  /// The id of an object that is no record: a name-based UUID (RFC 9562, section 5.5) in the
  /// namespace of the record, so that every export has the same.
  static func id(_ namespace: String, _ name: String) -> String {
    var bytes = Hex.decode(utf8: namespace.utf8.filter { $0 != UInt8(ascii: "-") }) ?? []
    bytes += name.utf8
    bytes = Array(Insecure.SHA1.hash(data: bytes).prefix(16))
    bytes[6] = bytes[6] & 0x0F | 0x50
    bytes[8] = bytes[8] & 0x3F | 0x80
    return Hex.uuid(bytes)
  }
}
