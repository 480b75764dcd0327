// SPDX-License-Identifier: EUPL-1.2

extension RecordKind {
  /// A body or a single person that works for families. The simple columns from `street` on let a
  /// small office keep one row per organization; location, address and phone are the full form.
  static let organization = RecordKind(
    1, "organization", "Organisation", plural: "Organisationen", scope: .public,
    [
      Field(16, "name", .line, .public, "Name", required: true),
      Field(17, "alternate_name", .line, .public, "Weiterer Name"),
      Field(18, "organization_type", .line, .public, "Art der Einrichtung"),
      Field(19, "description", .longText, .public, "Beschreibung"),
      Field(20, "street", .line, .public, "Straße und Hausnummer"),
      Field(21, "postal_code", .text(limit: 16), .public, "Postleitzahl"),
      Field(22, "city", .line, .public, "Ort"),
      Field(23, "district", .line, .public, "Stadtteil"),
      Field(24, "phone", .phone, .public, "Telefon (Zentrale)"),
      Field(25, "fax", .phone, .public, "Fax"),
      Field(26, "email", .email, .public, "E-Mail (allgemein)"),
      Field(27, "website", .url, .public, "Internetseite"),
      Field(28, "minimum_age", .integer(0...120), .public, "Alter von (Jahre)"),
      Field(29, "maximum_age", .integer(0...120), .public, "Alter bis (Jahre)"),
      Field(30, "from_pregnancy", .boolean, .public, "Ab der Schwangerschaft"),
      Field(31, "carrier", .vocabulary(.carrier), .public, "Trägerart"),
      Field(32, "legal_status", .line, .public, "Rechtsform"),
      Field(33, "year_incorporated", .integer(1000...9999), .public, "Gründungsjahr"),
      Field(
        34, "parent_organization_id", .reference(["organization"]), .public,
        "Übergeordnete Organisation"),
      Field(
        35, "categories", .reference(["taxonomy_term"]), .public, "Kategorien", set: true),
      Field(36, "sectors", .vocabulary(.sector), .public, "Bereiche", set: true),
      Field(37, "municipality_id", .reference(["municipality"]), .public, "Kommune"),
      Field(38, "languages", .language, .public, "Sprachen", set: true),
      Field(39, "single_person", .boolean, .public, "Einzelperson"),
      Field(40, "confidential", .boolean, .public, "Anschrift ist geschützt"),
      Field(41, "outside_region", .boolean, .public, "Sitz außerhalb des Kreises"),
      Field(42, "status", .vocabulary(.status), .public, "Stand"),
      Field(43, "keywords", .term, .public, "Schlagworte", set: true),
      Field(44, "uri", .url, .public, "Dauerhafte Adresse (URI)"),
      Field(45, "logo", .url, .public, "Logo (Internetadresse)"),
      // Of a person who is an organization, such as a midwife.
      Field(60, "restricted", .boolean, .kreis, "Verarbeitung eingeschränkt"),
    ])

  static let location = RecordKind(
    2, "location", "Standort", plural: "Standorte", scope: .public,
    [
      Field(16, "name", .line, .public, "Name", required: true),
      Field(17, "alternate_name", .line, .public, "Weiterer Name"),
      Field(18, "description", .longText, .public, "Beschreibung"),
      Field(19, "location_type", .vocabulary(.locationType), .public, "Art des Standorts"),
      Field(20, "organization_id", .reference(["organization"]), .public, "Organisation"),
      Field(21, "municipality_id", .reference(["municipality"]), .public, "Kommune"),
      Field(22, "district", .line, .public, "Stadtteil"),
      Field(23, "transportation", .longText, .public, "Anfahrt"),
      Field(24, "accessibility", .vocabulary(.accessibility), .public, "Barrierefreiheit"),
      Field(
        25, "accessibility_details", .longText, .public, "Einzelheiten zur Barrierefreiheit"),
      Field(26, "latitude", .latitude, .public, "Geographische Breite"),
      Field(27, "longitude", .longitude, .public, "Geographische Länge"),
      Field(28, "url", .url, .public, "Internetseite"),
      Field(29, "confidential", .boolean, .public, "Anschrift ist geschützt"),
    ])

  static let address = RecordKind(
    3, "address", "Anschrift", plural: "Anschriften", scope: .public,
    [
      Field(
        16, "location_id", .reference(["location"]), .public, "Standort", required: true),
      Field(17, "attention", .line, .public, "Zu Händen"),
      Field(18, "address_1", .line, .public, "Straße und Hausnummer"),
      Field(19, "address_2", .line, .public, "Zusatz (Haus, Etage, Zimmer)"),
      Field(20, "postal_code", .text(limit: 16), .public, "Postleitzahl"),
      Field(21, "city", .line, .public, "Ort", required: true),
      Field(22, "region", .line, .public, "Region"),
      Field(23, "state_province", .line, .public, "Land (Bundesland)"),
      Field(24, "country", .text(limit: 2), .public, "Staat (ISO 3166)"),
      Field(25, "address_type", .vocabulary(.locationType), .public, "Art der Anschrift"),
      Field(26, "confidential", .boolean, .public, "Anschrift ist geschützt"),
    ])
}
