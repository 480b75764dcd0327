// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages
import KreisStore

/// The form of a record: its fields as a person fills them in, and what that means for the record.
struct EditForm {
  let kind: RecordKind
  private(set) var items: [FormItem]
  /// Of a schedule: on which days it is held.
  private(set) var rhythm: Rhythm?
  /// Of office hours: who sees them as a whole, and what was chosen for that. A field that differs has a
  /// choice of its own.
  private(set) var together: (scope: ScopeKind, chosen: ScopeKind)?

  /// Fields that are no matter of a form: others set them.
  private static let hidden: Set<String> = [
    "external_id", "assured_date", "merged_into", "distinct_from", "restricted", "uri", "logo",
    "number_e164",
  ]
  /// Kinds of which there are few enough to choose one from a list.
  static let chosen: Set<String> = ["taxonomy_term", "municipality", "network", "working_group"]
  /// Kinds whose records have a form.
  static let kinds: Set<String> = [
    "organization", "service", "contact", "location", "address", "phone", "schedule", "network",
    "network_membership", "role_assignment", "working_group", "network_meeting", "document",
    "municipality", "taxonomy_term", "service_area", "service_at_location", "school_holiday",
    "indicator",
  ]
  /// Kinds that belong to one record and stay with it.
  private static let parts: Set<String> = ["address", "phone", "schedule", "service_area"]
  private static let owners: Set<String> = [
    "organization_id", "contact_id", "location_id", "service_id", "service_at_location_id",
  ]

  static func isEditable(_ field: Field, of kind: RecordKind) -> Bool {
    guard !hidden.contains(field.name) else { return false }
    if case .reference(let kinds) = field.type {
      return kinds.count == 1 && !(parts.contains(kind.name) && owners.contains(field.name))
    }
    return true
  }

  /// The form of a record as it stands.
  ///
  /// - Parameters:
  ///   - row: of `show` with versions; null for a new record.
  ///   - presets: of a new record, what its fields refer to by their names.
  init(_ kind: RecordKind, _ row: JSONValue, presets: [String: String] = [:]) {
    self.kind = kind
    // What all kinds have, notes above all, comes after what this one is about.
    let fields = kind.fields.filter { $0.tag >= 16 } + kind.fields.filter { $0.tag < 16 }
    let widest = Self.widest(row)
    items = fields.filter { Self.isEditable($0, of: kind) }.map { field in
      let shown = row["fields"]?[field.name]
      let current = FieldViews.list(shown?["value"])
      let scope =
        shown?["scope"]?.text.map(FieldViews.scope)
        ?? [field.scope, widest].compactMap(\.self).max { $0.narrowness < $1.narrowness }
        ?? field.scope
      return FormItem(
        field: field,
        texts: presets[field.name].map { [$0] } ?? FormItem.texts(current, field),
        current: current, scope: scope, chosenScope: scope,
        seen: row["versions"]?[field.name]?.text ?? "")
    }
    guard kind.name == "schedule" else { return }
    rhythm = row == .null ? .weekly : Rhythm(rule: text("rrule"), start: text("dtstart"))
    let scope = items.first { $0.field.name == "rrule" }?.scope ?? .public
    together = (scope, scope)
  }

  /// Whether who sees a field is chosen with the others.
  func isTogether(_ item: FormItem) -> Bool { item.scope == together?.scope }

  /// The widest scope in which something of the record is shown: what is new there goes no further
  /// (I7).
  private static func widest(_ row: JSONValue) -> ScopeKind? {
    guard case .object(let members)? = row["fields"] else { return nil }
    return members.compactMap { $0.value["scope"]?.text.map(FieldViews.scope) }
      .min { $0.narrowness < $1.narrowness }
  }

  /// Leaves out notes that are not for whoever keeps the record.
  mutating func shareOnly() {
    items.removeAll { ![.public, .kreis].contains($0.scope) }
  }

  // MARK: - What was sent

  /// Takes what somebody filled in, and finds out what it changes.
  ///
  /// - Parameter isNew: whether a record is about to be created.
  mutating func take(_ form: FormValues, isNew: Bool) {
    var form = form
    if rhythm != nil, form["r.art"] != nil {
      let sent = Rhythm(form)
      // The same days may have been written in other words.
      if sent != Rhythm(rule: text("rrule"), start: text("dtstart")) || isNew {
        form["f.rrule"] = sent.rule ?? ""
      } else {
        form["f.rrule"] = text("rrule")
      }
      if sent.art == .byAppointment, form["f.registration"]?.isEmpty != false {
        form["f.registration"] = "nach Vereinbarung"
      }
      rhythm = sent
    }
    if let chosen = form[Self.togetherName].flatMap({ ScopeKind(rawValue: $0) }) {
      together?.chosen = chosen
    }
    for index in items.indices {
      let name = items[index].field.name
      guard form[Self.sentName(name)] != nil else { continue }
      if let together, isTogether(items[index]) { form["z.\(name)"] = together.chosen.rawValue }
      items[index].take(form, seen: form["s.\(name)"] ?? "")
    }
    checkRhythm()
    guard !items.contains(where: { $0.error != nil }) else { return }
    for problem in kind.problems(in: values, isNew: isNew) {
      let name = problem.reason.contains("(dtstart)") ? "dtstart" : problem.field
      guard let index = items.firstIndex(where: { $0.field.name == name }),
        items[index].error == nil
      else { continue }
      items[index].error = Self.sentence(problem)
    }
  }

  /// What the rule cannot say: that days are missing.
  private mutating func checkRhythm() {
    guard let rhythm else { return }
    if let missing = rhythm.missing { fail("rrule", missing) }
    if rhythm.art == .once, text("dtstart").isEmpty { fail("dtstart", "Bitte den Tag angeben.") }
  }

  private mutating func fail(_ name: String, _ sentence: String) {
    guard let index = items.firstIndex(where: { $0.field.name == name }) else { return }
    items[index].error = sentence
  }

  /// Where nothing was to be saved, nothing is wrong yet.
  mutating func forgetErrors() {
    for index in items.indices { items[index].error = nil }
  }

  private func text(_ name: String) -> String {
    items.first { $0.field.name == name }?.texts.first ?? ""
  }

  /// Says that a field was part of the form, also where nothing is ticked.
  static func sentName(_ name: String) -> String { "s.\(name)" }

  /// Who sees all fields of office hours that do not differ.
  static let togetherName = "z.alle"

  var isValid: Bool { !items.contains { $0.error != nil } }
  var changes: [JSONValue] { items.flatMap(\.changes).map(\.json) }
  /// The versions that the changes rest on.
  var seen: JSONValue {
    .object(
      items.filter { !$0.changes.isEmpty && !$0.seen.isEmpty }
        .map { JSONValue.Member($0.field.name, .string($0.seen)) })
  }

  /// What everybody could read from now on, and could not before.
  var published: [Field] {
    items.filter { item in
      item.chosenScope == .public && !item.changes.isEmpty && !item.wanted.isEmpty
        && (item.scope != .public || item.field.scope != .public)
    }.map(\.field)
  }

  /// The record as it would be.
  private var values: [FieldValue] {
    items.flatMap { item in
      item.wanted.map { FieldValue(item.field, $0, scope: item.chosenScope) }
    }
  }

  /// Of a schedule, how what is in the form will read.
  func hoursText(on today: CivilDate) -> String? {
    guard rhythm != nil else { return nil }
    var values: [String: String] = [:]
    for value in self.values { values[value.field.name] = value.text }
    let text = OfficeHours(values, offset: BerlinTime.offset(at:))?.text(on: today) ?? ""
    return text.isEmpty ? values["registration"] : text
  }

  // MARK: - Sentences

  /// Where something has to stand and nothing does.
  static let needed = "Bitte ausfüllen."

  private static func sentence(_ problem: InvalidValue) -> String {
    if problem.reason.contains("(dtstart)") {
      return "Bitte den ersten Termin angeben: Von ihm an wird gezählt."
    }
    if problem.reason.hasPrefix("liegt vor") { return "Das Ende liegt vor dem Anfang." }
    if problem.reason.hasPrefix("fehlt (") { return needed }
    if problem.reason.hasPrefix("fehlt: ") {
      let rule = plain(String(problem.reason.dropFirst(7)))
      return "Bitte ausfüllen: \(rule.prefix(1).uppercased())\(rule.dropFirst())."
    }
    return sentence(problem.reason)
  }

  /// Why a value is not taken, without the names that fields have in files.
  static func sentence(_ reason: String) -> String { "Das \(plain(reason))." }

  static func plain(_ reason: String) -> String {
    // What follows tells people at the command line how to write it.
    let said = reason.split(separator: "; mit „", maxSplits: 1).first.map(String.init) ?? reason
    return said.replacing(
      /\x20\((?:[a-z0-9_]+_[a-z0-9_]+|attendance|municipalities|networks)\)/, with: "")
  }
}

extension EditForm {
  /// Puts beside each field that somebody else changed meanwhile what stands there now, and lets the
  /// next attempt rest on that.
  mutating func noteOthers(_ row: JSONValue, _ time: GermanTime) {
    for index in items.indices where items[index].isChangedByOthers {
      items[index].others = Self.present(items[index].field, row, time)
    }
  }

  /// What stands now in each field that somebody else wrote since the form was made, by its name.
  func news(_ row: JSONValue, _ time: GermanTime) -> JSONValue {
    .object(
      items.filter(\.isNews).map {
        JSONValue.Member($0.field.name, .string(Self.present($0.field, row, time)))
      })
  }

  private static func present(_ field: Field, _ row: JSONValue, _ time: GermanTime) -> String {
    guard let shown = row["fields"]?[field.name] else { return "Jetzt steht dort nichts." }
    let value = FieldViews.list(shown["display"]).map { FieldViews.readable($0, field) }
      .joined(separator: ", ")
    let who = [shown["title"]?.text, time.instant(shown["at"])].compactMap(\.self)
    return "Jetzt steht dort: \(value) (\(who.joined(separator: ", ")))"
  }
}

extension ScopeKind {
  /// The more, the fewer read it.
  var narrowness: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
