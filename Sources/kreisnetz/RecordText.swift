// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// Records as people read them: German labels from the directory's table.
struct RecordText {
  private let output = StandardOutput()

  private static func kind(_ json: JSONValue) -> RecordKind? {
    guard case .string(let name) = json["kind"] else { return nil }
    return try? Schema.directory.kind(named: name)
  }

  /// A field's label; the name itself where this version knows none.
  static func label(_ json: JSONValue?, _ kind: RecordKind?) -> String {
    let name = PlainText.value(json)
    if name == "deleted" { return "Gelöscht" }
    return (try? kind?.field(named: name))?.label ?? name
  }

  /// A kind's label: `organization` → Organisation.
  static func label(ofKind json: JSONValue?) -> String {
    guard case .string(let name) = json else { return "?" }
    return (try? Schema.directory.kind(named: name))?.label ?? name
  }

  /// A scope's label: `public` → Öffentlich.
  static func scope(_ json: JSONValue?) -> String {
    guard case .string(let text) = json, let scope = Scope(text: text) else { return "?" }
    return switch scope {
    case .public: ScopeKind.public.label
    case .kreis: ScopeKind.kreis.label
    case .coordination: ScopeKind.coordination.label
    case .local: ScopeKind.local.label
    }
  }

  /// A record with all its fields, under each field the values that lost against it, and its hours.
  func record(_ json: JSONValue) throws {
    let kind = Self.kind(json)
    let fields =
      if case .object(let members) = json["fields"] { members } else {
        [JSONValue.Member]()
      }
    let conflicts = json["conflicts"]?.elements ?? []
    let later = json["kind_tag"].map { "Art \(PlainText.value($0)) einer späteren Version" }
    try output.heading()
    try output.line(
      "\(kind?.label ?? later ?? "?")  \(PlainText.value(json["id"]))"
        + (json["deleted"] == .bool(true) ? "  (gelöscht)" : ""))
    try output.line("gepflegt von \(PlainText.value(json["owner_title"]))")
    let width = fields.map { Self.label(.string($0.name), kind).count }.max() ?? 0
    for field in fields {
      let lines = PlainText.value(field.value["display"])
        .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let scope = Self.scope(field.value["scope"])
      try row(Self.label(.string(field.name), kind), lines.first ?? "", width, suffix: scope)
      for line in lines.dropFirst() { try row("", line, width) }
      for conflict in conflicts where conflict["field"] == .string(field.name) {
        try alternatives(conflict, indent: width + 4)
      }
    }
    let shown = Set(fields.map { JSONValue.string($0.name) })
    for conflict in conflicts where !shown.contains(conflict["field"] ?? .null) {
      try row(Self.label(conflict["field"], kind), "", width)
      try alternatives(conflict, indent: width + 4)
    }
    if case .array(let entries) = json["unknown"] { try unknown(entries) }
    if case .array(let hours) = json["hours"] { try officeHours(hours) }
  }

  /// Under the fields: what only a later version has names for.
  private func unknown(_ entries: [JSONValue]) throws {
    try output.line("Von einer späteren Version")
    for entry in entries {
      let element = entry["element"] ?? .null
      try row(
        "Feld \(PlainText.value(entry["tag"]))",
        PlainText.value(element == .null ? entry["value"] : element), 8,
        suffix: Self.scope(entry["scope"]))
    }
  }

  /// Under the fields: office hours in words, each with its next opening.
  private func officeHours(_ hours: [JSONValue]) throws {
    try output.line("Öffnungszeiten")
    for entry in hours {
      let note = entry["description"] ?? .null
      let title = note == .null ? "" : " – " + PlainText.value(note).replacing("\n", with: " ")
      try output.line("  " + PlainText.value(entry["text"]) + title)
      let next = entry["next"]?["text"].map { PlainText.value($0) } ?? "keiner mehr"
      try output.line("    nächster Termin: " + next)
      if let registration = entry["registration"], registration != .null {
        try output.line("    Anmeldung: " + PlainText.value(registration))
      }
    }
  }

  private func row(_ label: String, _ text: String, _ width: Int, suffix: String = "") throws {
    let isDefault = suffix.isEmpty || suffix == ScopeKind.public.label
    try output.line(
      "  \(PlainText.padded(label, width))  \(text)" + (isDefault ? "" : "  [\(suffix)]"))
  }

  /// The values of a conflict, each with its number, author and time.
  func alternatives(_ conflict: JSONValue, indent: Int) throws {
    guard case .array(let alternatives) = conflict["alternatives"] else { return }
    let margin = String(repeating: " ", count: indent)
    if conflict["against_deletion"] == .bool(true) {
      try output.line(margin + "! geändert, ohne dass die Löschung bekannt war")
    }
    for alternative in alternatives {
      let element = conflict["element"] ?? .null
      let value =
        if alternative["withdrawn"] == .bool(true) {
          "(zurückgezogen)"
        } else {
          PlainText.value(element == .null ? alternative["value"] : element)
        }
      try output.line(
        "\(margin)\(PlainText.value(alternative["number"])) | \(value)"
          + "  (\(PlainText.value(alternative["title"])), \(PlainText.time(alternative["at"])))")
    }
  }

  /// One conflict of a list of them.
  func conflict(_ json: JSONValue) throws {
    let kind = Self.kind(json)
    let name = json["name"].map { $0 == .null ? "" : "  \(PlainText.value($0))" } ?? ""
    try output.line("\(kind?.label ?? "?")  \(PlainText.value(json["id"]))\(name)")
    let element = json["element"].map { $0 == .null ? "" : "/\(PlainText.value($0))" } ?? ""
    try output.line(
      "  \(Self.label(json["field"], kind)) (\(PlainText.value(json["field"]))\(element), "
        + "\(Self.scope(json["scope"])))")
    try alternatives(json, indent: 4)
  }

  /// One entry of a history.
  func entry(_ json: JSONValue, of kind: RecordKind?) throws {
    let place = "\(Self.scope(json["scope"])) \(PlainText.value(json["sequence"]))"
    var head = "\(PlainText.time(json["at"]))  \(PlainText.value(json["title"]))  \(place)"
    if case .string(let role) = json["role"], !role.isEmpty {
      head += "  als \(PlainText.printable(role))"
    }
    if case .string(let reason) = json["reason"], !reason.isEmpty {
      head += "  „\(PlainText.printable(reason))“"
    }
    if json["merged"] == .bool(true) {
      head += "  (zusammengeführt: \(PlainText.value(json["record"])))"
    }
    try output.line(head)
    if json["effective"] == .bool(false) {
      try output.line("  ohne Wirkung: \(PlainText.value(json["why"]))")
    }
    if json["destroyed"] == .bool(true) { try output.line("  Werte vernichtet") }
    guard case .array(let writes) = json["writes"] else { return }
    for write in writes {
      let label = Self.label(write["field"], kind)
      let element = write["element"] ?? .null
      let text =
        switch (write["withdrawn"] == .bool(true), element == .null) {
        case (true, true): "zurückgezogen"
        case (true, false): "− \(PlainText.value(element))"
        case (false, true): PlainText.value(write["value"])
        case (false, false): "+ \(PlainText.value(element))"
        }
      try output.line("  \(label): \(text)")
    }
  }
}
