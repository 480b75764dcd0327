// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisLocal
import KreisPages

/// One field of a form.
struct FormItem {
  let field: Field
  /// What stands in the form: one text, or the keys that are ticked.
  var texts: [String]
  /// The canonical value, or elements, that the record has now.
  let current: [String]
  /// The scope where the value stands, or is to go without a word about it.
  let scope: ScopeKind
  /// The scope that is asked for.
  var chosenScope: ScopeKind
  /// The version that was seen when the form was made, and whether it is the present one.
  let seen: String
  var isChangedByOthers = false
  /// Whether another value stands there than the form was made from, whatever was typed.
  private(set) var isNews = false
  /// What stands beside the form's text since somebody else changed it.
  var others: String?
  var error: String?
  /// What to write.
  private(set) var changes: [FieldChange] = []
  /// The value, or elements, that there would be.
  private(set) var wanted: [String]

  init(
    field: Field, texts: [String], current: [String], scope: ScopeKind, chosenScope: ScopeKind,
    seen: String
  ) {
    (self.field, self.texts, self.current, self.seen) = (field, texts, current, seen)
    (self.scope, self.chosenScope, wanted) = (scope, chosenScope, current)
  }

  /// What stands in the form for a value: of a set that is typed, its elements with commas.
  static func texts(_ values: [String], _ field: Field) -> [String] {
    switch field.type {
    case .language: [values.map(LanguageLabel.text).joined(separator: ", ")]
    case .term where field.isSet: [values.joined(separator: ", ")]
    case .partialDate, .dates: [values.first.map { FieldViews.readable($0, field) } ?? ""]
    default: field.isSet ? values : [values.first ?? ""]
    }
  }

  /// The kind of record that is looked for by its name, of a field that refers to one of many.
  var searchedKind: String? {
    guard case .reference(let kinds) = field.type, let kind = kinds.first,
      !EditForm.chosen.contains(kind)
    else { return nil }
    return kind
  }

  /// Whether its elements are typed, with commas.
  private var isTyped: Bool {
    switch field.type {
    case .language, .term: true
    default: false
    }
  }

  // MARK: - What was sent

  mutating func take(_ form: FormValues, seen sentSeen: String) {
    let sent = form.all("f.\(field.name)")
    let parts = sentSeen.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let (version, original) = (parts.first ?? "", parts.count > 1 ? parts[1] : "")
    texts = field.isSet && !isTyped ? sent.filter { !$0.isEmpty } : [sent.first ?? ""]
    chosenScope = form["z.\(field.name)"].flatMap { ScopeKind(rawValue: $0) } ?? scope
    let now = field.isSet ? current.sorted() : current
    let isOthers = !seen.isEmpty && version != seen
    isNews = isOthers && Self.mark(now) != original
    do { wanted = try canonical() } catch {
      self.error = EditForm.sentence(error.reason)
      return
    }
    // Of a new record all that is missing is told at once, elsewhere.
    if field.required, wanted.isEmpty, !now.isEmpty {
      self.error = EditForm.needed
      return
    }
    // Whoever did not touch a field does not take back what another one wrote there meanwhile.
    if isOthers, Self.mark(wanted) == original {
      (texts, wanted) = (Self.texts(current, field), now)
    }
    let isMoved = chosenScope != scope && !wanted.isEmpty
    guard wanted != now || (isMoved && !now.isEmpty) else { return }
    changes = [change(in: isMoved ? chosenScope : current.isEmpty ? nil : scope)]
    if isMoved {
      // Where it stood it is to be seen no more.
      changes += ScopeKind.allCases.filter { $0 != chosenScope && !current.isEmpty }.map {
        FieldChange(field: field.name, scope: $0, operation: .set, value: "")
      }
    }
    guard isOthers, wanted != now else { return }
    isChangedByOthers = true
    error = "Das hat inzwischen jemand anderes geändert."
  }

  /// - Parameter scope: `nil`: where the executor puts it by itself.
  private func change(in scope: ScopeKind?) -> FieldChange {
    FieldChange(
      field: field.name, scope: scope, operation: .set, value: wanted.joined(separator: "|"))
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
