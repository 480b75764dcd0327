// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages

/// The directory as a file to take away. Each time stands in the audit log.
extension Console {
  /// For whom a file is, the widest circle first.
  private static let circles: [(scope: String, label: String, text: String, mark: String)] = [
    (
      "public", "Für alle", "Nur öffentliche Angaben: für die Internetseite, Presse, Flyer.",
      "oeffentlich"
    ),
    (
      "kreis", "Für Netzwerkpartner",
      "Auch, was die Kommunen im Kreis untereinander zeigen, zum Beispiel Durchwahlen. Nicht veröffentlichen.",
      "netzwerk"
    ),
    (
      "coordination", "Für die Koordination",
      "Auch interne Notizen zwischen Kommune und Kreis. Nur für Personen mit dieser Aufgabe.",
      "INTERN"
    ),
    (
      "local", "Nur für dieses Büro",
      "Alles, auch was diesen Rechner sonst nie verlässt. Bitte gut verwahren und bald löschen.",
      "INTERN"
    ),
  ]

  private struct ExportFormat {
    let name: String
    let label: String
    let suffix: String
    let type: String
    /// Whether it is made for internal notes too.
    let takesInternal: Bool
  }

  private static let formats = [
    ExportFormat(
      name: "csv", label: "Tabelle für Excel (CSV), eine Art von Einträgen", suffix: "csv",
      type: "text/csv; charset=utf-8", takesInternal: true),
    ExportFormat(
      name: "vcard", label: "Adressbuch (vCard)", suffix: "vcf", type: "text/vcard; charset=utf-8",
      takesInternal: false),
    ExportFormat(
      name: "ical", label: "Kalender (iCalendar): Sprechzeiten und Sitzungen", suffix: "ics",
      type: "text/calendar; charset=utf-8", takesInternal: false),
    ExportFormat(
      name: "hsds", label: "Open Referral (HSDS 3.0) für andere Programme", suffix: "json",
      type: "application/json", takesInternal: false),
    ExportFormat(
      name: "ndjson", label: "Alles, Zeile für Zeile (NDJSON), auch zum Wiedereinlesen",
      suffix: "ndjson", type: "application/x-ndjson", takesInternal: true),
  ]

  func export(_ request: ConsoleRequest) throws -> ConsoleResponse {
    try client.check("export")
    if request.isReturned { return try exportPage(request) }
    guard request.method == .post else {
      try request.allow(.get)
      return try exportPage(request)
    }
    guard let circle = Self.circles.first(where: { $0.scope == request.form["kreis"] }) else {
      return try exportPage(request, wrong: "Bitte wählen Sie, für wen die Datei ist.")
    }
    guard let format = Self.formats.first(where: { $0.name == request.form["format"] }) else {
      return try exportPage(request, wrong: "Bitte wählen Sie eine Form.")
    }
    let isInternal = ["coordination", "local"].contains(circle.scope)
    guard format.takesInternal || !isInternal else {
      return try exportPage(
        request,
        wrong:
          "In dieser Form gehen nur Angaben für alle oder für Netzwerkpartner hinaus. Internes gibt es als CSV oder NDJSON."
      )
    }
    let kind = format.name == "csv" ? request.form["art"] ?? "organization" : nil
    let isOwn = format.takesInternal && request.form["eigene"] == "1"
    let file = try exported(format.name, circle.scope, kind: kind, isOwn: isOwn)
    guard file.size > 0 else {
      return try exportPage(
        request, wrong: "Dafür gibt es keine Angaben: Die Datei wäre leer.")
    }
    let day = GermanTime(now: now()).today.description
    let parts = ["kreisnetz", kind, circle.mark, day].compactMap(\.self)
    return .download(
      file, type: format.type, name: parts.joined(separator: "-") + "." + format.suffix)
  }

  private func exported(
    _ format: String, _ scope: String, kind: String?, isOwn: Bool
  ) throws -> KeptInput {
    let arguments: JSONValue = [
      "format": .string(format), "scope": .string(scope), "own": .bool(isOwn),
      "kinds": .array(kind.map { [.string($0)] } ?? []),
    ]
    return try KeptInput(in: spool) { keep in
      var pending: [UInt8] = []
      try client.run("export", arguments) { row in
        if let text = row["text"]?.text {
          pending += Array(text.utf8)
        } else if row["kind"] != nil {
          pending += JSONWriter.bytes(of: row) + [0x0A]
        }
        guard pending.count >= 262_144 else { return }
        try keep(pending)
        pending.removeAll(keepingCapacity: true)
      }
      try keep(pending)
    }
  }

  private func exportPage(
    _ request: ConsoleRequest, wrong: String? = nil
  ) throws -> ConsoleResponse {
    let circle = request.form["kreis"] ?? "public"
    let format = request.form["format"] ?? "csv"
    let view: View = [
      "wrong": wrong as Any? ?? false,
      "circles": Self.circles.map {
        ["key": $0.scope, "label": $0.label, "text": $0.text, "chosen": $0.scope == circle] as View
      },
      "formats": Self.formats.map {
        ["key": $0.name, "label": $0.label, "chosen": $0.name == format] as View
      },
      "kinds": Self.tableKinds(chosen: request.form["art"] ?? "organization"),
      "isOwn": request.form["eigene"] == "1",
    ]
    return try page(
      "export", title: wrong == nil ? "Ausgeben" : "Fehler: Ausgeben", view, request,
      status: wrong == nil ? .ok : .unprocessableContent)
  }

  /// Kinds of records that a table can hold.
  static func tableKinds(chosen: String) -> [View] {
    Schema.directory.kinds.filter { EditForm.kinds.contains($0.name) || $0.name == "schedule" }
      .map { ["key": $0.name, "label": $0.pluralLabel, "chosen": $0.name == chosen] as View }
  }
}
