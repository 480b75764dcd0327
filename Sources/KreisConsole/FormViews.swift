// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisPages

/// A form's fields as rows of a page.
struct FormViews {
  /// The records of a kind, to choose from; at most once a kind.
  let choices: (String) throws -> [(id: String, name: String)]
  let references: ReferenceSearch
  /// Whether it can be said who sees a value.
  let hasScopes: Bool

  /// What most people fill in, in the order of the table; the rest folds away while it is empty.
  private static let common: Set<String> = [
    "name", "organization_type", "description", "street", "postal_code", "city", "district",
    "phone",
    "email", "website", "categories", "municipality_id", "languages", "audience", "status", "title",
    "department", "availability", "legal_basis", "source", "address_1", "number", "type", "role",
    "minimum_age", "maximum_age", "access", "application_process", "free_of_charge", "network_id",
    "location_type", "date", "networks", "note", "rrule", "opens_at", "closes_at", "dtstart",
    "closed_in_school_holidays", "exdates", "registration", "attendance", "place", "url",
    "meeting_id", "document_type", "agenda", "results", "first_day", "last_day",
  ]

  /// - Returns: the common fields and those that are filled in, and the others.
  func views(_ form: EditForm) throws -> (common: [View], others: [View]) {
    var out: (common: [View], others: [View]) = ([], [])
    for item in form.items {
      var view = try view(item)
      if form.isTogether(item) { view["hasScopes"] = false }
      if let rhythm = form.rhythm, item.field.name == "rrule" {
        view.merge(Self.rhythm(rhythm)) { _, own in own }
      }
      let isFilled =
        item.texts.contains { !$0.isEmpty } || item.error != nil || references.isAsked(item)
      let isCommon =
        Self.common.contains(item.field.name)
        || form.kind.name == "network_membership" && item.searchedKind != nil
      if isCommon || item.field.required || isFilled {
        out.common.append(view)
      } else {
        out.others.append(view)
      }
    }
    return out
  }

  private func view(_ item: FormItem) throws -> View {
    let field = item.field
    let id = "feld-\(field.name)"
    let hint = Self.hint(field)
    var described: [String] = []
    if hint != nil { described.append("\(id)-hilfe") }
    if item.error != nil { described.append("\(id)-fehler") }
    var view: View = [
      "id": id, "field": field.name, "name": "f.\(field.name)", "label": Self.label(field),
      "required": field.required,
      "hint": hint as Any? ?? false, "error": item.error as Any? ?? false,
      "others": item.others as Any? ?? false,
      "seenName": EditForm.sentName(field.name), "seen": item.token,
      "described": described.isEmpty ? false : described.joined(separator: " ") as Any,
      "value": item.texts.first ?? "", "isLong": false, "isSelect": false, "isChecks": false,
      "isSearch": false, "isRhythm": false,
      "isLine": false, "inputType": "text", "options": [View](),
    ]
    view.merge(scope(item)) { _, own in own }
    if let kind = item.searchedKind {
      view["isSearch"] = true
      return view.merging(try references.view(item, kind)) { _, own in own }
    }
    guard let options = try options(field) else {
      if field.type == .longText { view["isLong"] = true } else { view["isLine"] = true }
      view["inputType"] = Self.inputType(field)
      return view
    }
    view["isChecks"] = field.isSet
    view["isSelect"] = !field.isSet
    view["options"] = options.enumerated().map { index, option -> View in
      [
        "optionID": "\(id)-\(index)", "key": option.id, "text": option.name,
        "chosen": item.texts.contains(option.id),
      ]
    }
    return view
  }

  private func options(_ field: Field) throws -> [(id: String, name: String)]? {
    switch field.type {
    case .boolean: [("true", "ja"), ("false", "nein")]
    case .vocabulary(let vocabulary): vocabulary.terms.map { ($0.key, $0.label) }
    case .reference(let kinds): try choices(kinds.first ?? "")
    default: nil
    }
  }

  // MARK: - Who sees it

  private func scope(_ item: FormItem) -> View {
    [
      "scope": item.chosenScope.label, "scopeKey": item.chosenScope.rawValue,
      "scopes": hasScopes ? Self.options(item.chosenScope) : [], "hasScopes": hasScopes,
    ]
  }

  private static func options(_ chosen: ScopeKind) -> [View] {
    ScopeKind.allCases.map { ["key": $0.rawValue, "text": readers($0), "chosen": $0 == chosen] }
  }

  /// The choice for all fields of office hours that do not differ; `nil`: each has its own.
  func together(_ form: EditForm) -> View? {
    guard hasScopes, let together = form.together else { return nil }
    return ["name": EditForm.togetherName, "scopes": Self.options(together.chosen)]
  }

  /// The readers of a scope in words.
  static func readers(_ scope: ScopeKind) -> String {
    switch scope {
    case .public: "Öffentlich: alle, auch im Internet"
    case .kreis: "Netzwerkpartner: alle Kommunen im Kreisnetz"
    case .coordination: "Koordination: nur wir und der Kreis"
    case .local: "Nur hier: bleibt auf diesem Rechner"
    }
  }

  // MARK: - Office hours

  private static func rhythm(_ rhythm: Rhythm) -> View {
    [
      "isLine": false, "isRhythm": true,
      "arts": Rhythm.Art.allCases.filter { $0 != .other || rhythm.art == .other }.map {
        art -> View in
        ["key": art.rawValue, "text": art.label, "chosen": art == rhythm.art]
      },
      "days": zip(Rhythm.dayCodes, Weekday.allCases).map { code, day -> View in
        ["key": code, "text": day.label, "chosen": rhythm.days.contains(code)]
      },
      "weeks": Rhythm.weekNames.map { number, name -> View in
        ["key": String(number), "text": name, "chosen": rhythm.weeks.contains(number)]
      },
      "rule": (rhythm.art == .other ? rhythm.rule : nil) as Any? ?? false,
    ]
  }

  // MARK: - Words

  static func label(_ field: Field) -> String {
    switch field.name {
    case "rrule": "Wie oft"
    case "opens_at": "Von"
    case "closes_at": "Bis"
    default: field.label
    }
  }

  private static func inputType(_ field: Field) -> String {
    switch field.type {
    case .email: "email"
    case .phone, .e164: "tel"
    case .url: "url"
    case .date: "date"
    case .time: "time"
    default: "text"
    }
  }

  private static func hint(_ field: Field) -> String? {
    switch field.type {
    case .language where field.isSet: "Mit Komma getrennt, zum Beispiel: Deutsch, Türkisch"
    case .term where field.isSet: "Mit Komma getrennt, in Kleinbuchstaben ohne Umlaute"
    case .partialDate: "Tag, Monat oder Jahr: 21.05.2026, 5.2026 oder 2026"
    case .dates: "Tage mit Komma getrennt: 24.12.2026, 31.12.2026"
    case .url: "Beginnt mit https://"
    case .integer(let range): "Eine Zahl von \(range.lowerBound) bis \(range.upperBound)"
    case .date where field.name == "dtstart": "Nötig bei „alle zwei Wochen“ und „nur einmal“"
    default: nil
    }
  }
}
