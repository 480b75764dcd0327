// SPDX-License-Identifier: EUPL-1.2

extension RecordKind {
  /// A person whom professionals turn to. What identifies her goes to the network's partners only;
  /// what is not for them, to the coordination.
  static let contact = RecordKind(
    4, "contact", "Kontakt", plural: "Kontakte", scope: .kreis,
    [
      Field(16, "name", .line, .kreis, "Name", required: true),
      Field(17, "salutation", .text(limit: 100), .kreis, "Anrede"),
      Field(18, "academic_degree", .text(limit: 100), .kreis, "Akademischer Grad"),
      Field(19, "title", .line, .kreis, "Funktion"),
      Field(20, "department", .line, .kreis, "Abteilung"),
      Field(21, "organization_id", .reference(["organization"]), .kreis, "Organisation"),
      Field(22, "location_id", .reference(["location"]), .kreis, "Standort"),
      Field(23, "service_id", .reference(["service"]), .kreis, "Angebot"),
      Field(
        24, "service_at_location_id", .reference(["service_at_location"]), .kreis,
        "Angebot am Standort"),
      Field(25, "email", .email, .kreis, "E-Mail (persönlich)"),
      Field(26, "phone", .phone, .kreis, "Telefon (Durchwahl)"),
      Field(27, "mobile", .phone, .coordination, "Mobiltelefon"),
      Field(28, "availability", .line, .kreis, "Erreichbarkeit"),
      Field(29, "room", .line, .kreis, "Zimmer"),
      Field(30, "languages", .language, .kreis, "Sprachen", set: true),
      Field(31, "legal_basis", .vocabulary(.legalBasis), .kreis, "Rechtsgrundlage", required: true),
      Field(32, "source", .line, .coordination, "Herkunft der Daten", required: true),
      Field(33, "consent_date", .date, .coordination, "Einwilligung vom"),
      Field(34, "review_date", .date, .kreis, "Zu prüfen am"),
      // Every replica must know of a restriction (Art. 18 GDPR) to hide the record.
      Field(35, "restricted", .boolean, .kreis, "Verarbeitung eingeschränkt"),
      Field(60, "valid_until", .date, .kreis, "Rechtsgrundlage gilt bis"),
    ])

  /// A number. A switchboard's may be public, but most belong to a person, so the default is not.
  static let phone = RecordKind(
    5, "phone", "Telefonnummer", plural: "Telefonnummern", scope: .kreis,
    [
      Field(16, "number", .phone, .kreis, "Nummer wie geschrieben", required: true),
      Field(17, "number_e164", .e164, .kreis, "Nummer international"),
      Field(18, "extension", .text(limit: 20), .kreis, "Durchwahl"),
      Field(19, "type", .vocabulary(.phoneType), .kreis, "Art"),
      Field(20, "description", .line, .kreis, "Hinweis"),
      Field(21, "organization_id", .reference(["organization"]), .kreis, "Organisation"),
      Field(22, "contact_id", .reference(["contact"]), .kreis, "Kontakt"),
      Field(23, "location_id", .reference(["location"]), .kreis, "Standort"),
      Field(24, "service_id", .reference(["service"]), .kreis, "Angebot"),
      Field(
        25, "service_at_location_id", .reference(["service_at_location"]), .kreis,
        "Angebot am Standort"),
      Field(26, "languages", .language, .kreis, "Sprachen", set: true),
      Field(60, "restricted", .boolean, .kreis, "Verarbeitung eingeschränkt"),
    ])

  /// Who does what, where and when: one person may have two roles, two people may share one.
  static let roleAssignment = RecordKind(
    6, "role_assignment", "Aufgabe", plural: "Aufgaben", scope: .kreis,
    [
      Field(16, "contact_id", .reference(["contact"]), .kreis, "Kontakt", required: true),
      Field(17, "role", .line, .kreis, "Aufgabe", required: true),
      Field(18, "organization_id", .reference(["organization"]), .kreis, "Organisation"),
      Field(19, "network_id", .reference(["network"]), .kreis, "Netzwerk"),
      Field(20, "working_group_id", .reference(["working_group"]), .kreis, "Arbeitsgruppe"),
      Field(21, "service_id", .reference(["service"]), .kreis, "Angebot"),
      Field(22, "municipality_id", .reference(["municipality"]), .kreis, "Zuständig für Kommune"),
      Field(23, "deputy_for_id", .reference(["contact"]), .kreis, "Vertretung für"),
      Field(24, "responsibility", .longText, .kreis, "Zuständigkeit"),
      Field(25, "working_hours", .line, .kreis, "Stellenumfang"),
      Field(26, "valid_from", .partialDate, .kreis, "Seit"),
      Field(27, "valid_to", .partialDate, .kreis, "Bis"),
      Field(60, "restricted", .boolean, .kreis, "Verarbeitung eingeschränkt"),
    ])
}
