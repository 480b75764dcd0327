// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages
import KreisStore

/// The form of a record: its fields as a person fills them in, and what that means for the record.
struct EditForm {
  /// One field of the form.
  struct Item {
    let field: Field
    /// What stands in the form: one text, or the keys that are ticked.
    var texts: [String]
    /// The canonical value, or elements, that the record has now.
    let current: [String]
    /// The scope where the value stands, or is to go.
    let scope: ScopeKind
    /// The version that was seen when the form was made, and whether it is the present one.
    var seen: String
    var isChangedByOthers = false
    /// What stands beside the form's text since somebody else changed it.
    var others: String?
    var error: String?
    /// What to write; `nil`: nothing.
    var change: FieldChange?
  }

  let kind: RecordKind
  fileprivate(set) var items: [Item]

  /// Fields that are no matter of this form: others set them, or they name records too many to choose from.
  private static let hidden: Set<String> = [
    "external_id", "assured_date", "merged_into", "restricted", "uri", "logo", "number_e164",
  ]
  /// Kinds of which there are few enough to choose one.
  static let chosen: Set<String> = ["taxonomy_term", "municipality", "network"]
  /// Kinds whose records have a form.
  static let kinds: Set<String> = [
    "organization", "service", "contact", "location", "address", "phone", "network",
    "network_membership", "role_assignment", "working_group", "network_meeting", "document",
    "municipality", "taxonomy_term", "service_area", "indicator",
  ]

  static func isEditable(_ field: Field) -> Bool {
    guard !hidden.contains(field.name) else { return false }
    if case .reference(let kinds) = field.type {
      return kinds.count == 1 && chosen.contains(kinds[0])
    }
    return true
  }

  /// The form of a record as it stands.
  ///
  /// - Parameter row: of `show` with versions; null for a new record.
  init(_ kind: RecordKind, _ row: JSONValue) {
    self.kind = kind
    // What all kinds have, notes above all, comes after what this one is about.
    let fields = kind.fields.filter { $0.tag >= 16 } + kind.fields.filter { $0.tag < 16 }
    items = fields.filter(Self.isEditable).map { field in
      let shown = row["fields"]?[field.name]
      let current = FieldViews.list(shown?["value"])
      return Item(
        field: field, texts: Self.texts(current, field), current: current,
        scope: shown?["scope"]?.text.map(FieldViews.scope) ?? field.scope,
        seen: row["versions"]?[field.name]?.text ?? "")
    }
  }

  /// Leaves out notes that are not for whoever keeps the record.
  mutating func shareOnly() {
    items.removeAll { ![.public, .kreis].contains($0.scope) }
  }

  // MARK: - What was sent

  /// Takes what somebody filled in, and finds out what it changes.
  mutating func take(_ form: FormValues, isNew: Bool) {
    for index in items.indices {
      let name = items[index].field.name
      guard form[Self.sentName(name)] != nil else { continue }
      items[index].take(form.all("f.\(name)"), seen: form["s.\(name)"] ?? "")
    }
    guard !items.contains(where: { $0.error != nil }) else { return }
    for problem in kind.problems(in: values, isNew: isNew) {
      guard let index = items.firstIndex(where: { $0.field.name == problem.field }),
        items[index].error == nil
      else { continue }
      items[index].error = Self.sentence(problem)
    }
  }

  /// Says that a field was part of the form, also where nothing is ticked.
  static func sentName(_ name: String) -> String { "s.\(name)" }

  var isValid: Bool { !items.contains { $0.error != nil } }
  var changes: [JSONValue] { items.compactMap(\.change?.json) }
  /// The versions that the changes rest on.
  var seen: JSONValue {
    .object(
      items.filter { $0.change != nil && !$0.seen.isEmpty }
        .map { JSONValue.Member($0.field.name, .string($0.seen)) })
  }

  /// The record as it would be.
  private var values: [FieldValue] {
    items.flatMap { item -> [FieldValue] in
      let texts = item.change.map { change in
        item.field.isSet
          ? change.value.split(separator: "|").map(String.init)
          : change.value.isEmpty ? [] : [change.value]
      }
      return (texts ?? item.current).map { FieldValue(item.field, $0, scope: item.scope) }
    }
  }

  private static func sentence(_ problem: InvalidValue) -> String {
    if problem.reason.hasPrefix("fehlt") { return "Bitte ausfüllen." }
    if problem.reason.hasPrefix("liegt vor") { return "Das Ende liegt vor dem Anfang." }
    return "Das \(problem.reason)."
  }

  /// What stands in the form for a value: of a set that is typed, its elements with commas.
  static func texts(_ values: [String], _ field: Field) -> [String] {
    switch field.type {
    case .language: [values.map(LanguageLabel.text).joined(separator: ", ")]
    case .term where field.isSet: [values.joined(separator: ", ")]
    case .partialDate: [values.first.map(GermanTime.day) ?? ""]
    default: field.isSet ? values : [values.first ?? ""]
    }
  }
}

extension EditForm {
  /// Puts beside each field that somebody else changed meanwhile what stands there now, and lets the
  /// next attempt rest on that.
  mutating func noteOthers(_ row: JSONValue, _ time: GermanTime) {
    for index in items.indices where items[index].isChangedByOthers {
      let shown = row["fields"]?[items[index].field.name]
      let field = items[index].field
      let value = FieldViews.list(shown?["display"]).map { FieldViews.readable($0, field) }
        .joined(separator: ", ")
      let who = [shown?["title"]?.text, shown.map { time.instant($0["at"]) }].compactMap(\.self)
      items[index].others =
        shown == nil
        ? "Jetzt steht dort nichts." : "Jetzt steht dort: \(value) (\(who.joined(separator: ", ")))"
    }
  }
}

extension EditForm.Item {
  /// Which elements are named, of what is typed with commas.
  private var isTyped: Bool {
    switch field.type {
    case .language, .term: true
    default: false
    }
  }

  fileprivate mutating func take(_ sent: [String], seen sentSeen: String) {
    let parts = sentSeen.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let (version, original) = (parts.first ?? "", parts.count > 1 ? parts[1] : "")
    texts = field.isSet && !isTyped ? sent.filter { !$0.isEmpty } : [sent.first ?? ""]
    let wanted: [String]
    do { wanted = try canonical() } catch {
      self.error = "Das \(error.reason)."
      return
    }
    let now = field.isSet ? current.sorted() : current
    guard wanted != now else { return }
    let isOthers = !seen.isEmpty && version != seen
    // Whoever did not touch a field does not take back what another one wrote there meanwhile.
    if isOthers, Self.mark(wanted) == original {
      texts = EditForm.texts(current, field)
      return
    }
    change = FieldChange(
      field: field.name, scope: scope, operation: .set, value: wanted.joined(separator: "|"))
    guard isOthers else { return }
    isChangedByOthers = true
    error = "Das hat inzwischen jemand anderes geändert."
  }

  private func canonical() throws(InvalidValue) -> [String] {
    var out: [String] = []
    for text in isTyped && field.isSet
      ? (texts.first ?? "").split(separator: ",").map(String.init) : texts
    {
      let plain = text.filter { $0 != "\r" }
      guard plain.contains(where: { !$0.isWhitespace }) else { continue }
      out.append(try field.validate(field.type == .language ? LanguageLabel.code(plain) : plain))
    }
    return field.isSet ? Array(Set(out)).sorted() : out
  }

  /// The hidden text of the form: the version, and a mark of the value that was seen.
  var token: String { "\(seen).\(Self.mark(field.isSet ? current.sorted() : current))" }

  private static func mark(_ values: [String]) -> String {
    String(Hash256(of: Array(values.joined(separator: "|").utf8)).description.prefix(16))
  }
}
