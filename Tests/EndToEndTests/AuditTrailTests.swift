// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// What the audit log holds after the administrative commands of a real Kreis.
@Suite struct AuditTrailTests {
  /// The acts of a replica with their outcomes, as `audit` pairs them.
  private func acts(_ kreis: Kreis, _ replica: String) throws -> [String] {
    var acts: [(number: JSONValue, text: String)] = []
    for row in try kreis(replica).succeed("audit", "--json").rows {
      let outcome = if case .string(let word)? = row["outcome"] { " \(word)" } else { "" }
      if case .string(let act)? = row["act"] {
        acts.append((row["number"] ?? .null, act + outcome))
      } else if let index = acts.firstIndex(where: { $0.number == row["ends"] }) {
        acts[index].text += outcome
      }
    }
    return acts.map(\.text)
  }

  @Test func `Every administrative command leaves its line, with who, when and no content`() throws
  {
    let kreis = try Kreis(towns: 2)
    let secret = "Geheimkita Sonnenschein"
    let id = try kreis("halver").succeed("add", "organization", "name=\(secret)", "--json").id
    try kreis.waitUntilEqual()
    try kreis("halver").succeed("resync")
    try kreis("halver").succeed("town", "rotate")
    try kreis("halver").succeed("export")
    try kreis("halver").succeed("subject-report", secret)
    try kreis("halver").succeed("erase", id, "--reason", "Art. 17", "--only")
    #expect(try kreis("halver")("erase", "key:nobody", "--reason", "Art. 17").status == 1)
    let backup = kreis.folder.path + "/halver.backup"
    try kreis("halver").succeed("backup", backup)
    try kreis("hub").succeed("policy", "--protection-officer", "Erika Beispiel")
    try kreis("hub").succeed("policy")
    try kreis("hub").succeed("hub", "invite", "--member", "balve")
    try kreis("hub").succeed("hub", "revoke", "balve")
    try kreis.stop("halver")
    try kreis("halver").succeed("restore", backup)
    try kreis("halver").succeed("resync", "--from-scratch")

    #expect(
      try acts(kreis, "halver") == [
        "town join done", "resync done", "town rotate done", "export done", "subject-report done",
        "erase done", "erase no", "backup done", "restore done", "resync --from-scratch done",
      ])
    #expect(
      try acts(kreis, "hub") == [
        "hub init done", "hub invite done", "hub invite done", "policy done", "hub invite done",
        "hub revoke done",
      ])
    for replica in kreis.replicas where replica != "balve" {
      #expect(try kreis(replica).succeed("audit", "verify").output.contains("unbroken"))
      let text = try String(contentsOfFile: kreis.state(replica) + "/audit.log", encoding: .utf8)
      for word in [secret, "Sonnenschein", "Erika", "Art. 17", "nobody", "kreisnetz1:"] {
        #expect(!text.contains(word), "\(word)")
      }
      #expect(text.contains("\"uid\":\(getuid())"))
    }
    let mode =
      try FileManager.default
      .attributesOfItem(atPath: kreis.state("hub") + "/audit.log")[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func `A changed line is named, also while the daemon runs, and who used sudo is noted`()
    throws
  {
    let kreis = try Kreis(towns: 0)
    var hub = kreis("hub")
    hub.environment["SUDO_USER"] = "a.beispiel"
    for name in ["balve", "kierspe", "halver"] {
      try hub.succeed(
        "hub", "invite", "--name", name, "--title", name, "--ags", "05962008")
    }
    #expect(try hub.succeed("audit").output.contains("a.beispiel"))
    let url = URL(filePath: kreis.state("hub") + "/audit.log")
    let text = try String(contentsOf: url, encoding: .utf8)
    try Data(text.replacing("\"kierspe\"", with: "\"kierspx\"").utf8).write(to: url)
    let broken = try hub("audit", "verify")
    #expect(broken.status == 1)
    // One line for the founding, two for each invite: the second begins in line 4, and 5 follows it.
    #expect(broken.output.hasPrefix("BROKEN at line 5: "), "\(broken.output)")
    #expect(try hub("audit").status == 1)
    try Data(text.utf8).write(to: url)
    #expect(try hub("audit", "verify").status == 0)

    // Lines that are cut off at the end show only against the hash that was noted.
    let row = try #require(hub.succeed("audit", "verify", "--json").rows.first)
    let last = try #require(row["last"]?.text)
    #expect(try hub.succeed("audit").output.hasSuffix("last hash \(last)\n"))
    try hub.succeed("hub", "withdraw", "balve")
    try hub.succeed("audit", "verify", "--noted", last)
    try Data(text.split(separator: "\n").dropLast(2).map { $0 + "\n" }.joined().utf8).write(to: url)
    #expect(try hub("audit", "verify").status == 0)
    let cut = try hub("audit", "verify", "--noted", last)
    #expect(cut.status == 1 && cut.output.hasPrefix("CUT: "), "\(cut.output)")
  }
}
