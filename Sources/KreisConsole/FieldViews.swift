// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisPages
import KreisStore

/// The fields of a record as rows of a page.
struct FieldViews {
  let kind: RecordKind?
  let row: JSONValue

  init(_ row: JSONValue) {
    self.row = row
    kind = row["kind"]?.text.flatMap { try? Schema.directory.kind(named: $0) }
  }

  /// - Parameter hidden: names of fields that stand elsewhere on the page.
  func views(without hidden: Set<String>) -> [View] {
    guard case .object(let members)? = row["fields"] else { return [] }
    let shown = members.filter { !hidden.contains($0.name) }
    // What all kinds have, notes above all, comes after what this one is about.
    let common = shown.filter { member in
      ((try? kind?.field(named: member.name))?.tag ?? 16) < 16
    }
    let ordered = shown.filter { !common.contains($0) } + common
    return ordered.map { member in
      let field = try? kind?.field(named: member.name)
      let scope = member.value["scope"]?.text ?? ""
      return [
        "label": field?.label ?? member.name, "values": values(member.value, field),
        "scope": Self.scope(scope).label, "scopeKey": Self.scope(scope).rawValue,
      ]
    }
  }

  /// What people call the record; `nil` if it has no name.
  var name: String? { text(kind?.naming?.name ?? "name") }

  /// The text of a field; `nil` if it has none.
  func text(_ name: String) -> String? { row["fields"]?[name]?["display"]?.text }

  private func values(_ json: JSONValue, _ field: Field?) -> [View] {
    let raw = Self.list(json["value"])
    let shown = Self.list(json["display"])
    return zip(raw, shown).map { raw, shown in
      let text = Self.readable(shown, field)
      let address = field.flatMap { Self.address(raw, $0) }
      return [
        "text": text, "address": address as Any? ?? false, "plain": address == nil,
        "isElsewhere": address?.hasPrefix("http") == true,
      ]
    }
  }

  /// A value or the elements of a set, as texts.
  static func list(_ json: JSONValue?) -> [String] {
    switch json {
    case .array(let elements)?: elements.map(plain)
    case nil, .null?: []
    case .some(let value): [plain(value)]
    }
  }

  private static func plain(_ json: JSONValue) -> String {
    switch json {
    case .string(let text): text
    case .number(let lexeme): lexeme
    case .bool(let flag): flag ? "true" : "false"
    default: ""
    }
  }

  /// How what a command displays reads on a page.
  static func readable(_ text: String, _ field: Field?) -> String {
    switch field?.type {
    case .date?, .partialDate?: GermanTime.day(text)
    case .dates?:
      text.split(separator: ",").map { GermanTime.day(String($0)) }.joined(separator: ", ")
    case .language?: LanguageLabel.text(text)
    case .rrule?: (try? RecurrenceRule(text))?.words ?? text
    default: text
    }
  }

  /// Where a value leads to; other towns' logs may hold anything.
  private static func address(_ raw: String, _ field: Field) -> String? {
    switch field.type {
    case .url: return raw.hasPrefix("https://") || raw.hasPrefix("http://") ? raw : nil
    case .email: return "mailto:" + FormValues.encoded(raw).replacing("%40", with: "@")
    case .phone, .e164:
      let digits = raw.filter { $0.isASCII && ($0.isNumber || $0 == "+") }
      return digits.isEmpty ? nil : "tel:" + digits
    case .reference: return RecordID(text: raw).map { "/eintrag/\($0)" }
    default: return nil
    }
  }

  static func scope(_ text: String) -> ScopeKind {
    switch Scope(text: text) {
    case .public?, nil: .public
    case .kreis?: .kreis
    case .coordination?: .coordination
    case .local?: .local
    }
  }
}

extension Console {
  /// How a value as it is stored, or as a file has it, reads on a page.
  func readable(stored text: String, _ field: Field?) -> String {
    guard let field else { return text }
    guard case .reference = field.type else {
      return FieldViews.readable(field.display(text), field)
    }
    let isName = RecordID(text: text) == nil && !text.hasPrefix("key:")
    return isName ? text : client.shown(text)?.name ?? text
  }
}

extension ConsoleClient {
  /// What a page shows of a record; `nil` if it is not known here.
  func shown(_ id: String) -> FieldViews? {
    (try? row("show", ["id": .string(id)])).map { FieldViews($0) }
  }
}
