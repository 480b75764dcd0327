// SPDX-License-Identifier: EUPL-1.2

extension RecordKind {
  static let municipality = RecordKind(
    12, "municipality", "Kommune", plural: "Kommunen", scope: .public,
    [
      Field(16, "name", .line, .public, "Name", required: true),
      Field(17, "ags", .ags, .public, "Amtlicher Gemeindeschlüssel", required: true),
      Field(18, "municipality_type", .vocabulary(.municipalityType), .public, "Art"),
      Field(19, "parent_id", .reference(["municipality"]), .public, "Gehört zu"),
      Field(20, "website", .url, .public, "Internetseite"),
      Field(21, "own_youth_office", .boolean, .public, "Eigenes Jugendamt"),
      Field(
        22, "youth_office_id", .reference(["organization"]), .public, "Zuständiges Jugendamt"),
      Field(23, "latitude", .latitude, .public, "Geographische Breite"),
      Field(24, "longitude", .longitude, .public, "Geographische Länge"),
      Field(
        25, "hub_operator_id", .reference(["organization"]), .public,
        "Betreibt den Netzknoten (Hub)"),
      Field(26, "coordination_note", .line, .public, "Wie die Netzwerke koordiniert werden"),
    ])

  /// A network covers one or several municipalities, and a municipality may be in several; neither
  /// is ever derived from regions.
  static let network = RecordKind(
    13, "network", "Netzwerk", plural: "Netzwerke", scope: .public,
    [
      Field(16, "name", .line, .public, "Name", required: true),
      Field(17, "description", .longText, .public, "Beschreibung"),
      Field(18, "municipalities", .reference(["municipality"]), .public, "Kommunen", set: true),
      Field(19, "operator_id", .reference(["organization"]), .public, "Träger des Netzwerks"),
      Field(20, "coordinator_id", .reference(["contact"]), .kreis, "Koordination"),
      Field(21, "legal_basis", .line, .public, "Rechtsgrundlage"),
      Field(22, "legal_basis_since", .partialDate, .public, "Rechtsgrundlage in Kraft seit"),
      Field(23, "minimum_age", .integer(0...120), .public, "Alter von (Jahre)"),
      Field(24, "maximum_age", .integer(0...120), .public, "Alter bis (Jahre)"),
      Field(25, "from_pregnancy", .boolean, .public, "Ab der Schwangerschaft"),
      Field(26, "age_policy", .line, .public, "Erläuterung zum Alter"),
      Field(27, "sectors", .vocabulary(.sector), .public, "Bereiche", set: true),
      Field(28, "valid_from", .partialDate, .public, "Gegründet"),
      Field(29, "valid_to", .partialDate, .public, "Beendet"),
      Field(30, "status", .vocabulary(.status), .public, "Stand"),
      Field(
        31, "related_networks", .reference(["network"]), .public, "Verbundene Netzwerke",
        set: true),
      Field(
        32, "partners", .reference(["organization"]), .public, "Partner außerhalb des Kreises",
        set: true),
      Field(33, "email", .email, .public, "E-Mail"),
      Field(34, "website", .url, .public, "Internetseite"),
      Field(35, "expectations", .longText, .kreis, "Wünsche der Mitglieder (einer je Zeile)"),
    ])

  static let networkMembership = RecordKind(
    14, "network_membership", "Mitgliedschaft", plural: "Mitgliedschaften", scope: .kreis,
    [
      Field(16, "network_id", .reference(["network"]), .kreis, "Netzwerk", required: true),
      Field(17, "organization_id", .reference(["organization"]), .kreis, "Organisation"),
      Field(18, "contact_id", .reference(["contact"]), .kreis, "Vertreten durch"),
      Field(19, "role", .vocabulary(.membershipRole), .kreis, "Rolle"),
      Field(20, "valid_from", .partialDate, .kreis, "Seit"),
      Field(21, "valid_to", .partialDate, .kreis, "Bis"),
      Field(22, "remark", .line, .kreis, "Bemerkung"),
      Field(60, "restricted", .boolean, .kreis, "Verarbeitung eingeschränkt"),
    ])

  static let workingGroup = RecordKind(
    15, "working_group", "Arbeitsgruppe", plural: "Arbeitsgruppen", scope: .kreis,
    [
      Field(16, "name", .line, .kreis, "Name", required: true),
      Field(17, "description", .longText, .kreis, "Beschreibung"),
      Field(18, "task", .longText, .kreis, "Auftrag"),
      Field(19, "networks", .reference(["network"]), .kreis, "Netzwerke", set: true),
      Field(20, "chair_id", .reference(["contact"]), .kreis, "Leitung"),
      Field(21, "contacts", .reference(["contact"]), .kreis, "Beteiligte Personen", set: true),
      Field(
        22, "organizations", .reference(["organization"]), .kreis, "Beteiligte Organisationen",
        set: true),
      Field(23, "reports_to", .line, .kreis, "Berichtet an"),
      Field(24, "frequency", .line, .kreis, "Wie oft"),
      Field(25, "valid_from", .partialDate, .kreis, "Seit"),
      Field(26, "valid_to", .partialDate, .kreis, "Bis"),
      Field(27, "status", .vocabulary(.status), .kreis, "Stand"),
    ])

  static let networkMeeting = RecordKind(
    16, "network_meeting", "Netzwerktreffen", plural: "Netzwerktreffen", scope: .kreis,
    [
      Field(16, "name", .line, .kreis, "Name", required: true),
      Field(17, "networks", .reference(["network"]), .kreis, "Netzwerke", set: true),
      Field(18, "working_group_id", .reference(["working_group"]), .kreis, "Arbeitsgruppe"),
      Field(19, "municipality_id", .reference(["municipality"]), .kreis, "Kommune"),
      Field(20, "status", .vocabulary(.meetingStatus), .kreis, "Stand"),
      Field(21, "ordinal", .integer(1...1_000), .kreis, "Das wievielte Treffen"),
      Field(22, "date", .partialDate, .kreis, "Datum"),
      Field(23, "reported_on", .partialDate, .kreis, "Berichtet am"),
      Field(24, "opens_at", .time, .kreis, "Beginn"),
      Field(25, "closes_at", .time, .kreis, "Ende"),
      Field(26, "place", .line, .kreis, "Ort"),
      Field(27, "location_id", .reference(["location"]), .kreis, "Standort"),
      Field(28, "organizer_id", .reference(["organization"]), .kreis, "Veranstalter"),
      Field(29, "occurrences", .integer(1...1_000), .kreis, "Anzahl der Veranstaltungen"),
      Field(30, "attendance", .integer(0...1_000_000), .kreis, "Teilnehmende"),
      Field(31, "attendance_approximate", .boolean, .kreis, "Zahl der Teilnehmenden ungefähr"),
      Field(32, "attendance_scope", .line, .kreis, "Worauf sich die Zahl bezieht"),
      Field(33, "formats", .vocabulary(.meetingFormat), .kreis, "Form", set: true),
      Field(34, "frequency", .line, .kreis, "Wie oft"),
      Field(35, "agenda", .longText, .kreis, "Themen"),
      Field(36, "results", .longText, .kreis, "Ergebnisse"),
    ])
}
