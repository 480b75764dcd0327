// SPDX-License-Identifier: EUPL-1.2

extension RecordKind {
  /// What the Kreis set for all its members. There is one; it counts if the hub created it, so that
  /// nobody else can set anything (I4).
  static let policy = RecordKind(
    40, "policy", "Regelung des Kreises", plural: "Regelungen des Kreises", scope: .kreis,
    [
      Field(
        16, "retention_days", .integer(1...36_500), .kreis, "Ersetzte Werte vernichten nach (Tage)"
      ),
      Field(
        17, "erasure_days", .integer(1...3_650), .kreis, "Frist für Löschbestätigungen (Tage)"),
      Field(18, "publication_release", .boolean, .kreis, "Veröffentlichung nur mit Freigabe"),
      Field(19, "erase_expired", .boolean, .kreis, "Kontakte ohne Rechtsgrundlage löschen"),
      Field(20, "purpose", .longText, .kreis, "Zweck der Verarbeitung"),
      Field(21, "protection_officer", .longText, .kreis, "Datenschutzbeauftragte Person"),
    ])

  /// A value that waits for a second person's release before everybody may read it.
  static let publication = RecordKind(
    41, "publication", "Veröffentlichung", plural: "Veröffentlichungen", scope: .coordination,
    [
      Field(16, "subject_id", .reference([]), .coordination, "Eintrag", required: true),
      Field(17, "field_name", .line, .coordination, "Feld", required: true),
      Field(18, "operation", .text(limit: 2), .coordination, "Änderung", required: true),
      Field(19, "proposed_value", .longText, .coordination, "Wert", required: true),
      Field(20, "requested_by", .line, .coordination, "Beantragt von (Rolle)", required: true),
      // Of the console where it was asked for; who that is concerns no other machine.
      Field(21, "requested_account", .line, .local, "Beantragt von (Konto)"),
    ])
}

extension RecordKind {
  /// The fields of other kinds that say whose data a record is: with the person it is restricted and
  /// erased.
  package var personFields: [Field] {
    switch name {
    case "phone", "role_assignment", "network_membership":
      fields.filter { $0.name == "contact_id" }
    default: []
    }
  }
}
