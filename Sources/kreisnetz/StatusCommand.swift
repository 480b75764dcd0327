// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Tells how a replica stands.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what this replica holds, what waits to be sent, and how the hub is reached.",
    discussion: """
      Ends with exit code 1 where something needs a person: an alarm, damage on disk, a hub that is \
      not trusted or serves nobody, a log that is not pushed any more, a disk that takes nothing, a \
      version that the others have left behind. A network that is down, unsent entries and conflicts are none of that.

      Examples:
        kreisnetz status --state /var/lib/kreisnetz/halver
        kreisnetz status --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let outcome = try ReplicaSession(state).run(LocalRequest("status"), .watching) { row in
      if output.json { try StandardOutput().json(row) } else { try report(row) }
    }
    if outcome != .done { throw outcome.exit }
  }

  private func report(_ row: JSONValue) throws {
    let out = StandardOutput()
    try out.heading()
    let isHub = row["role"] == "hub"
    var lines = [
      (
        isHub ? "hub" : "town", "\(PlainText.value(row["title"])) (\(PlainText.value(row["name"])))"
      ),
      ("Kreis", PlainText.value(row["kreis"])), ("hub URL", PlainText.value(row["hub_url"])),
      ("members", PlainText.value(row["members"])),
    ]
    if case .object(let counts) = row["records"] {
      lines.append(
        (
          "records",
          counts.map { "\(PlainText.value($0.value)) \($0.name)" }.joined(separator: ", ")
        ))
    }
    lines.append(("conflicts", PlainText.value(row["conflicts"])))
    if case .number(let count) = row["requests"], count != "0" {
      lines.append(("requests", "\(count) to answer: kreisnetz requests"))
    }
    if !isHub { lines.append(("unsent", PlainText.counted(row["unsent"], "entry", "entries"))) }
    if case .array(let feeds) = row["feeds"] {
      for feed in feeds {
        lines.append(
          ("feed", "\(PlainText.value(feed["scope"])) at \(PlainText.value(feed["position"]))"))
      }
    }
    if case .array(let alarms) = row["alarms"] {
      lines += alarms.map { ("ALARM", PlainText.value($0)) }
    }
    if case .array(let forks) = row["forks"] {
      lines += forks.map { ("forked", PlainText.value($0)) }
    }
    if case .array(let damages) = row["damage"] {
      for damage in damages { lines.append(("damaged", PlainText.value(damage))) }
      if !damages.isEmpty { lines.append(("", "Repair it with: kreisnetz resync")) }
    }
    lines.append(("daemon", row["daemon"] == .bool(true) ? "running" : "not running"))
    if case .object(let members) = row["link"] {
      for member in members where member.value != .null && member.value != .array([]) {
        lines.append((member.name.replacing("_", with: " "), linkText(member)))
      }
    }
    for (label, text) in lines { try out.line("\(PlainText.padded(label, 14))\(text)") }
  }

  /// Members named `…_at` and `last_contact` are times.
  private func linkText(_ member: JSONValue.Member) -> String {
    let isTime = member.name.hasSuffix("_at") || member.name == "last_contact"
    if isTime, member.value != .null { return PlainText.time(member.value) }
    return PlainText.value(member.value)
  }
}
