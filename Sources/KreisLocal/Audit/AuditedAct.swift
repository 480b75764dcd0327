// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// A command that is an administrative act, and what of it is noted.
struct AuditedAct {
  /// What people call the act.
  let name: String
  /// Arguments that hold no value of the directory: flags, numbers, short names of members.
  private let arguments: Set<String>
  /// Which records a row of the answer says were concerned.
  private let concerned: Concerned
  /// Members of the answer's rows that are noted.
  private let told: Set<String>
  /// Whether the act is done although it cannot be noted: it saves what there is.
  let isRescue: Bool

  private enum Concerned {
    case none
    /// The row's `id`.
    case each
    /// The same where the row has this flag.
    case flagged(String)
  }

  private init(
    _ name: String, _ arguments: Set<String> = [], _ concerned: Concerned = .none,
    telling told: Set<String> = [], isRescue: Bool = false
  ) {
    self.name = name
    self.told = told
    self.arguments = arguments
    self.concerned = concerned
    self.isRescue = isRescue
  }

  /// By the names that requests give commands.
  private static let all: [String: AuditedAct] = [
    "hub-invite": AuditedAct("hub invite", ["name", "days", "member"]),
    "hub-withdraw": AuditedAct("hub withdraw", ["name"]),
    "hub-revoke": AuditedAct("hub revoke", ["name"]),
    "hub-gather-close": AuditedAct("hub gather --close"),
    "town-rotate": AuditedAct("town rotate"),
    "erase": AuditedAct("erase", ["all_shown", "only"], .flagged("erased")),
    "restrict": AuditedAct("restrict", [], .each),
    "unrestrict": AuditedAct("unrestrict", [], .each),
    "release": AuditedAct(
      "release", ["refuse"], .each, telling: ["subject", "field", "requested_account"]),
    "transfer": AuditedAct("transfer", ["member"], .each),
    "policy": AuditedAct("policy"),
    "resync": AuditedAct("resync", ["verify", "rebuild"], isRescue: true),
    "export": AuditedAct("export", ["format", "kinds", "scope", "own"]),
    "log-export": AuditedAct("log export"),
    "subject-report": AuditedAct("subject-report"),
  ]

  /// What is noted besides when it is done at the console, where nobody sees who types: every change.
  private static let atConsole: [String: AuditedAct] = [
    "add": AuditedAct("add", ["kind"], .each), "edit": AuditedAct("edit", [], .each),
    "delete": AuditedAct("delete", [], .each), "undelete": AuditedAct("undelete", [], .each),
    "resolve": AuditedAct("resolve", ["field"], .each),
    "confirm": AuditedAct("confirm", [], .each), "merge": AuditedAct("merge", [], .each),
    "distinct": AuditedAct("distinct", [], .each),
    "request": AuditedAct("request", [], .each), "accept": AuditedAct("accept", [], .each),
    "decline": AuditedAct("decline", [], .each),
    "import": AuditedAct("import", ["format", "kind", "keep_going"]),
  ]

  /// `nil` for what is no administrative act, and no change at the console.
  init?(_ request: LocalRequest, by peer: LocalPeer) {
    let more = peer.way == .console ? Self.atConsole[request.command] : nil
    guard let act = Self.all[request.command] ?? more else { return nil }
    if request.arguments["dry_run"] == .bool(true) { return nil }
    // Without an argument it only shows the rules.
    if request.command == "policy", request.arguments == [:] { return nil }
    self = act
  }

  /// What is noted at the beginning.
  func about(_ request: LocalRequest) -> [JSONValue.Member] {
    guard case .object(let members) = request.arguments else { return [] }
    // Which rules change, but not to what: they can name persons.
    if name == "policy" {
      return [.init("rules", .array(members.map { .string($0.name) }))]
    }
    return members.filter {
      arguments.contains($0.name) && $0.value != .null && $0.value != .bool(false)
    }
  }

  /// What a row of the answer says that is noted.
  func facts(_ row: JSONValue) -> [JSONValue.Member] {
    guard !told.isEmpty, case .object(let members) = row else { return [] }
    return members.filter { told.contains($0.name) && $0.value != .null }
  }

  /// The id of the record that a row of the answer says was concerned.
  func record(_ row: JSONValue) -> String? {
    switch concerned {
    case .none: return nil
    case .each: break
    case .flagged(let name): guard row[name] == .bool(true) else { return nil }
    }
    guard case .string(let text)? = row["id"], let id = RecordID(text: text) else { return nil }
    return id.description
  }
}

/// The records that an act concerned, in the order in which its answer named them.
final class ConcernedRecords {
  /// More are counted.
  private static let limit = 200

  private var ids: [String] = []
  private var count = 0

  func add(_ id: String) {
    count += 1
    if ids.count < Self.limit { ids.append(id) }
  }

  var about: [JSONValue.Member] {
    guard count > 0 else { return [] }
    let more = count - ids.count
    return [.init("records", .array(ids.map { .string($0) }))]
      + (more > 0 ? [.init("more", .integer(more))] : [])
  }
}
