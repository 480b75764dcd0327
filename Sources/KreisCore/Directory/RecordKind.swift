// SPDX-License-Identifier: EUPL-1.2

/// A kind of record with its fields.
package struct RecordKind: Hashable, Sendable {
  /// The kind's number in headers. Never reused for another meaning.
  package let tag: UInt32
  package let name: String
  /// The German name of one record.
  package let label: String
  /// The German name of several records.
  package let pluralLabel: String
  /// The fields common to all kinds, then the kind's own, in the order in which people read them.
  package let fields: [Field]

  /// The register that deletes a record. It is a flag and no field: `delete` and `restore` write it.
  package static let deletedTag: UInt32 = 1
  package static let externalIDTag: UInt32 = 2
  /// The register that says, of a deleted record, which one is kept in its place.
  package static let mergedIntoTag: UInt32 = 6
  /// The register in which a steward names the member that is to be the record's next steward. No field
  /// either: `transfer` writes it, and the hub answers it with a control entry.
  package static let nextStewardTag: UInt32 = 7

  /// The register that says, on this machine alone, which records were looked at and are another thing.
  package static let distinctFromTag: UInt32 = 8

  private let indexByName: [String: Int]
  private let indexByTag: [UInt32: Int]
  /// The field that says that a record's processing is restricted (Art. 18 GDPR): kinds that are
  /// about a person have it.
  package let restriction: Field?

  /// - Parameter scope: where the common fields go: an external id can contain a person's name.
  init(
    _ tag: UInt32, _ name: String, _ label: String, plural: String, scope: ScopeKind,
    _ own: [Field]
  ) {
    self.init(tag, name, label, plural, Self.common(in: scope) + own)
  }

  private init(
    _ tag: UInt32, _ name: String, _ label: String, _ plural: String, _ fields: [Field]
  ) {
    self.tag = tag
    self.name = name
    self.label = label
    pluralLabel = plural
    self.fields = fields
    restriction = fields.first { $0.name == "restricted" }
    // A name or tag that is used twice keeps the first; the tests refuse such a table.
    indexByName = Dictionary(
      zip(fields.map(\.name), fields.indices), uniquingKeysWith: { first, _ in first })
    indexByTag = Dictionary(
      zip(fields.map(\.tag), fields.indices), uniquingKeysWith: { first, _ in first })
  }

  /// What an older version knew of it.
  func without(fields names: Set<String>) -> RecordKind {
    RecordKind(tag, name, label, pluralLabel, fields.filter { !names.contains($0.name) })
  }

  /// Tags 1 to 15 mean the same in every kind; 1 is `deletedTag`.
  private static func common(in scope: ScopeKind) -> [Field] {
    [
      Field(externalIDTag, "external_id", .text(limit: 128), scope, "Kennung im Quellsystem"),
      Field(3, "assured_date", .date, scope, "Zuletzt bestätigt am"),
      Field(4, "note", .longText, .coordination, "Interne Notiz der Koordination"),
      Field(5, "memo", .longText, .local, "Eigene Notiz (nur hier)"),
      Field(Self.mergedIntoTag, "merged_into", .reference([]), scope, "Zusammengeführt mit"),
      Field(
        Self.distinctFromTag, "distinct_from", .reference([]), .local, "Keine Dublette von",
        set: true),
    ]
  }

  /// The field with this tag; `nil` if a newer version wrote it.
  package func field(tag: UInt32) -> Field? { index(ofTag: tag).map { fields[$0] } }

  /// Where the field with this tag stands among `fields`.
  package func index(ofTag tag: UInt32) -> Int? { indexByTag[tag] }

  /// Where the field with this name stands among `fields`.
  package func index(named name: String) -> Int? { indexByName[name] }

  /// The field with this name.
  ///
  /// - Throws: `UnknownName`, which lists the names there are.
  package func field(named name: String) throws(UnknownName) -> Field {
    guard let index = indexByName[name] else {
      throw UnknownName(what: "field", name: name, of: self.name, known: fields.map(\.name))
    }
    return fields[index]
  }

  /// The field whose value names a record in the system that it came from.
  package var externalID: Field? { field(tag: Self.externalIDTag) }

  /// The field that names the record kept in place of a merged one.
  package var mergedInto: Field? { field(tag: Self.mergedIntoTag) }

  /// The field with the records that are no duplicates of this one.
  package var distinctFrom: Field? { field(tag: Self.distinctFromTag) }

  /// The fields whose values name other records, apart from `mergedInto` and `distinctFrom`.
  package var references: [Field] {
    fields.filter { field in
      guard case .reference = field.type else { return false }
      return field.tag != Self.mergedIntoTag && field.tag != Self.distinctFromTag
    }
  }

  package static func == (lhs: RecordKind, rhs: RecordKind) -> Bool { lhs.tag == rhs.tag }
  package func hash(into hasher: inout Hasher) { hasher.combine(tag) }
}
