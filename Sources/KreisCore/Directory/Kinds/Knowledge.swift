// SPDX-License-Identifier: EUPL-1.2

extension RecordKind {
  static let document = RecordKind(
    17, "document", "Dokument", plural: "Dokumente", scope: .kreis,
    [
      Field(16, "name", .line, .kreis, "Titel", required: true),
      Field(17, "document_type", .vocabulary(.documentType), .kreis, "Art"),
      Field(18, "description", .longText, .kreis, "Beschreibung"),
      Field(19, "networks", .reference(["network"]), .kreis, "Netzwerke", set: true),
      Field(20, "municipality_id", .reference(["municipality"]), .kreis, "Kommune"),
      Field(21, "meeting_id", .reference(["network_meeting"]), .kreis, "Zum Treffen"),
      Field(22, "parties", .reference(["organization"]), .kreis, "Beteiligte", set: true),
      Field(23, "date", .partialDate, .kreis, "Datum"),
      Field(24, "adopted_by", .line, .kreis, "Beschlossen von"),
      Field(25, "adopted_on", .partialDate, .kreis, "Beschlossen am"),
      Field(26, "binding_for", .line, .kreis, "Verbindlich für"),
      Field(27, "valid_from", .partialDate, .kreis, "Gültig ab"),
      Field(28, "valid_to", .partialDate, .kreis, "Gültig bis"),
      Field(29, "url", .url, .kreis, "Fundstelle"),
      Field(30, "language", .language, .kreis, "Sprache"),
    ])

  /// A figure, never without what it counts: the same number is quoted with two meanings.
  static let indicator = RecordKind(
    18, "indicator", "Kennzahl", plural: "Kennzahlen", scope: .kreis,
    [
      Field(16, "name", .line, .kreis, "Name", required: true),
      Field(17, "value", .decimal, .kreis, "Wert", required: true),
      Field(18, "unit", .text(limit: 100), .kreis, "Einheit"),
      Field(19, "approximate", .boolean, .kreis, "Ungefähr"),
      Field(20, "definition", .longText, .kreis, "Was gezählt wird", required: true),
      Field(21, "source", .line, .kreis, "Quelle"),
      Field(22, "period_start", .partialDate, .kreis, "Zeitraum von"),
      Field(23, "period_end", .partialDate, .kreis, "Zeitraum bis"),
      Field(24, "municipality_id", .reference(["municipality"]), .kreis, "Kommune"),
      Field(25, "network_id", .reference(["network"]), .kreis, "Netzwerk"),
      Field(26, "remark", .longText, .kreis, "Bemerkung"),
    ])

  /// What a member that may not write a record asks its steward to change (Rückmeldung). Only its
  /// sender writes it; what the steward says is a record of its own, `requestAnswer`.
  package static let changeRequest = RecordKind(
    19, "change_request", "Rückmeldung", plural: "Rückmeldungen", scope: .kreis,
    [
      Field(16, "subject_id", .reference([]), .kreis, "Zu Datensatz", required: true),
      Field(17, "field_name", .line, .kreis, "Felder"),
      Field(18, "proposed_value", .longText, .kreis, "Vorgeschlagene Werte"),
      Field(19, "remark", .longText, .kreis, "Bemerkung"),
      Field(20, "sender", .line, .kreis, "Absender (Stelle)"),
      Field(21, "status", .vocabulary(.requestStatus), .kreis, "Stand beim Absender"),
      Field(22, "answer", .longText, .kreis, "Antwort des Absenders auf eine Rückfrage"),
      Field(24, "answered_questions", .line, .kreis, "Beantwortete Rückfragen"),
      Field(25, "seen", .longText, .kreis, "Stand des Datensatzes beim Absenden"),
    ])

  /// What a steward says to a change request; each has one a request, and changes it.
  package static let requestAnswer = RecordKind(
    30, "request_answer", "Antwort auf eine Rückmeldung",
    plural: "Antworten auf Rückmeldungen", scope: .kreis,
    [
      Field(
        16, "request_id", .reference(["change_request"]), .kreis, "Zu Rückmeldung", required: true),
      Field(17, "status", .vocabulary(.requestStatus), .kreis, "Stand", required: true),
      Field(18, "answer", .longText, .kreis, "Antwort"),
      Field(19, "question_number", .integer(1...9_999), .kreis, "Nummer der Rückfrage"),
    ])
}
