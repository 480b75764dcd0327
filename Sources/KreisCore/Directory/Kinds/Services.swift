// SPDX-License-Identifier: EUPL-1.2

extension RecordKind {
  static let service = RecordKind(
    7, "service", "Angebot", plural: "Angebote", scope: .public,
    [
      Field(16, "name", .line, .public, "Name", required: true),
      Field(17, "alternate_name", .line, .public, "Weiterer Name"),
      Field(18, "organization_id", .reference(["organization"]), .public, "Anbieter"),
      Field(19, "description", .longText, .public, "Beschreibung"),
      Field(20, "status", .vocabulary(.status), .public, "Stand"),
      Field(21, "audience", .vocabulary(.audience), .public, "Zielgruppe", set: true),
      Field(22, "minimum_age", .integer(0...120), .public, "Alter von (Jahre)"),
      Field(23, "maximum_age", .integer(0...120), .public, "Alter bis (Jahre)"),
      Field(24, "from_pregnancy", .boolean, .public, "Ab der Schwangerschaft"),
      Field(25, "eligibility_description", .longText, .public, "Voraussetzungen"),
      Field(26, "access", .vocabulary(.access), .public, "Zugang"),
      Field(27, "application_process", .longText, .public, "Anmeldung"),
      Field(28, "anonymous", .boolean, .public, "Auch anonym"),
      Field(29, "outreach", .boolean, .public, "Kommt nach Hause"),
      Field(30, "free_of_charge", .boolean, .public, "Kostenfrei"),
      Field(31, "fees_description", .longText, .public, "Kosten"),
      Field(32, "languages", .language, .public, "Sprachen", set: true),
      Field(33, "interpretation_services", .line, .public, "Dolmetschen"),
      Field(34, "categories", .reference(["taxonomy_term"]), .public, "Kategorien", set: true),
      Field(35, "keywords", .term, .public, "Schlagworte", set: true),
      Field(36, "url", .url, .public, "Internetseite"),
      Field(37, "email", .email, .public, "E-Mail"),
      Field(38, "phone", .phone, .public, "Telefon"),
      Field(39, "capacity", .integer(0...100_000), .public, "Plätze"),
      Field(40, "frequency", .line, .public, "Wie oft"),
      Field(41, "place_description", .line, .public, "Wo"),
      Field(42, "valid_from", .partialDate, .public, "Seit"),
      Field(43, "valid_to", .partialDate, .public, "Bis"),
      Field(44, "alert", .line, .public, "Wichtiger Hinweis"),
      Field(45, "accreditations", .line, .public, "Anerkennungen"),
      Field(46, "network_id", .reference(["network"]), .public, "Netzwerk"),
      Field(47, "assurer_email", .email, .kreis, "Bestätigt von (E-Mail)"),
    ])

  static let serviceAtLocation = RecordKind(
    8, "service_at_location", "Angebot am Standort", plural: "Angebote an Standorten",
    scope: .public,
    [
      Field(16, "service_id", .reference(["service"]), .public, "Angebot", required: true),
      Field(17, "location_id", .reference(["location"]), .public, "Standort", required: true),
      Field(18, "description", .longText, .public, "Beschreibung"),
      Field(19, "room", .line, .public, "Raum"),
    ])

  /// Office hours. Odd and even ISO weeks are `FREQ=YEARLY;WKST=MO;BYWEEKNO=…;BYDAY=…`, because an
  /// every-second-week rule drifts after a year of 53 weeks.
  static let schedule = RecordKind(
    9, "schedule", "Öffnungszeit", plural: "Öffnungszeiten", scope: .public,
    [
      Field(16, "organization_id", .reference(["organization"]), .public, "Organisation"),
      Field(17, "location_id", .reference(["location"]), .public, "Standort"),
      Field(18, "service_id", .reference(["service"]), .public, "Angebot"),
      Field(
        19, "service_at_location_id", .reference(["service_at_location"]), .public,
        "Angebot am Standort"),
      Field(20, "contact_id", .reference(["contact"]), .kreis, "Sprechstunde von"),
      Field(21, "rrule", .rrule, .public, "Wiederholung"),
      Field(22, "dtstart", .date, .public, "Erster Termin"),
      Field(23, "opens_at", .time, .public, "Beginn"),
      Field(24, "closes_at", .time, .public, "Ende"),
      Field(25, "timezone", .timezone, .public, "Zeitzone"),
      Field(26, "valid_from", .date, .public, "Gültig ab"),
      Field(27, "valid_to", .date, .public, "Gültig bis"),
      Field(28, "exdates", .dates, .public, "Entfällt am"),
      Field(29, "closed_in_school_holidays", .boolean, .public, "Nicht in den Schulferien"),
      Field(30, "description", .longText, .public, "Beschreibung"),
      Field(31, "attending_type", .vocabulary(.attending), .public, "Art der Teilnahme"),
      Field(32, "schedule_link", .url, .public, "Terminseite"),
      Field(33, "room", .line, .public, "Raum"),
      Field(34, "registration", .line, .public, "Anmeldung"),
      Field(35, "registration_phone", .phone, .public, "Telefon für die Anmeldung"),
      Field(36, "registration_contact_id", .reference(["contact"]), .kreis, "Anmeldung bei"),
    ])

  /// The holidays of the Land's schools, in which schedules marked so are not held. Each Land sets
  /// them some years ahead; whoever keeps the directory enters them.
  static let schoolHoliday = RecordKind(
    20, "school_holiday", "Schulferien", plural: "Schulferien", scope: .public,
    [
      Field(16, "name", .line, .public, "Name", required: true),
      Field(17, "first_day", .date, .public, "Erster Ferientag", required: true),
      Field(18, "last_day", .date, .public, "Letzter Ferientag", required: true),
    ])

  static let serviceArea = RecordKind(
    10, "service_area", "Einzugsgebiet", plural: "Einzugsgebiete", scope: .public,
    [
      Field(16, "name", .line, .public, "Name"),
      Field(17, "service_id", .reference(["service"]), .public, "Angebot"),
      Field(
        18, "service_at_location_id", .reference(["service_at_location"]), .public,
        "Angebot am Standort"),
      Field(19, "organization_id", .reference(["organization"]), .public, "Organisation"),
      Field(20, "municipalities", .reference(["municipality"]), .public, "Kommunen", set: true),
      Field(21, "district", .line, .public, "Stadtteil"),
      Field(22, "description", .longText, .public, "Beschreibung"),
      Field(23, "extent", .line, .public, "Ausdehnung"),
      Field(24, "extent_type", .text(limit: 100), .public, "Art der Ausdehnung"),
      Field(25, "uri", .url, .public, "Dauerhafte Adresse (URI)"),
    ])

  static let taxonomyTerm = RecordKind(
    11, "taxonomy_term", "Kategorie", plural: "Kategorien", scope: .public,
    [
      Field(16, "name", .line, .public, "Name", required: true),
      Field(17, "code", .term, .public, "Schlüssel"),
      Field(18, "description", .longText, .public, "Beschreibung"),
      Field(19, "synonyms", .longText, .public, "Synonyme (eines je Zeile)"),
      Field(20, "parent_id", .reference(["taxonomy_term"]), .public, "Oberbegriff"),
      Field(21, "taxonomy", .line, .public, "Systematik"),
      Field(22, "language", .language, .public, "Sprache"),
      Field(23, "term_uri", .url, .public, "Dauerhafte Adresse (URI)"),
    ])
}
