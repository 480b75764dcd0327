// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// Change requests and transfers among a hub and towns with real daemons.
@Suite struct FeedbackTests {
  private func requests(_ kreis: Kreis, _ replica: String, all: Bool = true) throws -> [JSONValue] {
    let arguments = ["requests", "--json"] + (all ? ["--all"] : [])
    let result = try kreis(replica)(arguments)
    try #require(result.status == 0, "\(result.errors)")
    return result.rows
  }

  private func text(_ value: JSONValue?) -> String { "\(value ?? .null)" }

  private func status(_ kreis: Kreis, _ replica: String, _ id: String) throws -> JSONValue? {
    try requests(kreis, replica).first { $0["id"] == .string(id) }?["status"]
  }

  private func wait(
    _ kreis: Kreis, _ replica: String, _ id: String, _ wanted: JSONValue,
    location: SourceLocation = #_sourceLocation
  ) throws {
    try Kreis.wait("\(id) \(wanted) at \(replica)", location: location) {
      try status(kreis, replica, id) == wanted
    }
  }

  private func add(_ kreis: Kreis, _ town: String) throws -> String {
    let id = try kreis(town).succeed(
      "add", "organization", "name=Kita Löwenzahn", "phone=0221 4710-100", "--json"
    ).id
    try kreis.waitUntilEqual()
    return id
  }

  @Test func `A change request reaches the steward, is accepted, and the sender sees it`() throws {
    let kreis = try Kreis(towns: 3)
    let id = try add(kreis, "halver")
    try kreis("balve").fail(2, "kreisnetz request", "edit", id, "phone=0221 4710-140")
    try kreis("balve").fail(2, "Say what should change", "request", id)
    try kreis("balve").fail(2, "did you mean „phone“", "request", id, "phon=0221 4710-140")
    let request = try kreis("balve").succeed(
      "request", id, "phone=0221 4710-140", "languages+=tr", "--remark", "Neue\nDurchwahl",
      "--role", "Netzwerkkoordination", "--json"
    ).id
    try wait(kreis, "halver", request, "open")
    #expect(try kreis.status("halver")["requests"] == .integer(1))
    #expect(try kreis.status("balve")["requests"] == .integer(0))
    let row = try #require(try requests(kreis, "halver", all: false).first)
    #expect(row["concerns"] == "answer" && row["by"] == "balve" && row["to"] == "halver")
    #expect(row["office"] == "Netzwerkkoordination" && row["remark"] == "Neue\nDurchwahl")
    #expect(row["subject_name"] == "Kita Löwenzahn" && row["changed_since"] == .array([]))
    guard case .array(let changes) = row["changes"] else { return }
    #expect(changes.map { $0["field"] } == ["phone", "languages"])
    #expect(changes.first?["now"] == "0221 4710-100")
    // Others see it, and nobody but the steward and the hub may answer.
    try wait(kreis, "kierspe", request, "open")
    #expect(try requests(kreis, "kierspe", all: false).isEmpty)
    try kreis("kierspe").fail(2, "only Halver and the hub", "accept", request)
    try kreis("balve").fail(2, "only Halver", "decline", request, "--answer", "nein")

    #expect(
      try kreis("halver").succeed("accept", request, "--answer", "Danke").output
        .contains("2 changed"))
    for replica in ["balve", "kierspe", "hub"] {
      try wait(kreis, replica, request, "accepted")
      let shown = try kreis(replica).succeed("show", id, "--json").rows.first
      #expect(shown?["fields"]?["phone"]?["value"] == "0221 4710-140")
    }
    let history = try kreis("balve").succeed("history", id, "--json").rows
    #expect(history.last?["by"] == "halver")
    let why = text(history.last?["reason"])
    #expect(why.contains(request))
    try kreis("halver").fail(2, "accepted already", "decline", request, "--answer", "doch nicht")
    #expect(try kreis.status("halver")["requests"] == .integer(0))
    let answers = try requests(kreis, "balve").first { $0["id"] == .string(request) }?["answers"]
    #expect(text(answers).contains("Danke"))
  }

  @Test func `A request for the steward alone is passed on by the hub, and so are the answers`()
    throws
  {
    let kreis = try Kreis(towns: 3)
    let id = try add(kreis, "halver")
    let request = try kreis("balve").succeed(
      "request", id, "--remark", "Marker-Vertraulich", "--to-steward", "--json"
    ).id
    try wait(kreis, "halver", request, "open")
    #expect(try requests(kreis, "halver").first?["confidential"] == .bool(true))
    try kreis("halver").succeed("decline", request, "--question", "Seit wann?")
    try wait(kreis, "balve", request, "question")
    #expect(try kreis.status("balve")["requests"] == .integer(1))
    // The hub is killed with the reply on its way, and passes it on afterwards.
    try kreis.stop("halver")
    try kreis("balve").succeed("request", request, "--reply", "Seit Mai")
    try Kreis.wait("the reply at the hub") { try kreis.status("balve")["unsent"] == .integer(0) }
    kreis.kill("hub")
    try kreis.start("hub")
    try kreis.start("halver")
    try wait(kreis, "halver", request, "open")
    #expect(try requests(kreis, "halver").first?["reply"] == "Seit Mai")
    try kreis("halver").succeed("decline", request, "--answer", "Bleibt so")
    try wait(kreis, "balve", request, "declined")
    try kreis.waitUntilEqual()
    // Nobody else has any of it, and nothing is passed on twice.
    #expect(try requests(kreis, "kierspe").isEmpty)
    try kreis.stop("kierspe")
    for file in try FileManager.default.contentsOfDirectory(atPath: kreis.state("kierspe"))
    where file.hasPrefix("kreisnetz.sqlite") {
      let bytes = try Data(contentsOf: URL(filePath: kreis.state("kierspe") + "/" + file))
      #expect(bytes.range(of: Data("Marker-Vertraulich".utf8)) == nil)
    }
    let before = try kreis("hub").succeed("history", request, "--json").rows.count
    try kreis.stop("hub")
    try kreis.start("hub")
    try kreis("halver").succeed("add", "organization", "name=Danach")
    try Kreis.wait("it at Balve") {
      try kreis("balve").succeed("list", "organization", "--json").rows.count == 2
    }
    #expect(try kreis("hub").succeed("history", request, "--json").rows.count == before)
  }

  @Test func `An accepted request says what changed since, and a withdrawn one is over`() throws {
    let kreis = try Kreis(towns: 2)
    let id = try add(kreis, "halver")
    let late = try kreis("balve").succeed("request", id, "phone=0221 4710-141", "--json").id
    let taken = try kreis("balve").succeed(
      "request", id, "website=https://kita.example.org", "--json"
    ).id
    try kreis("balve").succeed("request", taken, "--withdraw")
    try kreis("balve").fail(2, "nobody asked", "request", late, "--reply", "doch")
    try wait(kreis, "halver", taken, "withdrawn")
    try kreis("halver").fail(2, "withdrawn already", "accept", taken)
    try kreis("halver").succeed("edit", id, "phone=0221 4710-142")
    let report = try kreis("halver").succeed("accept", late, "--json").rows.first
    #expect(report?["changed_since"] == .array(["phone"]) && report?["written"] == .integer(1))
    try wait(kreis, "balve", late, "accepted")
    // Whoever asks cannot make anything public; that is the steward's to say.
    let paper = try kreis("halver").succeed("add", "document", "name=Konzept", "--json").id
    try kreis.waitUntilEqual()
    let open = try kreis("balve").succeed("request", paper, "description@public=Offen", "--json").id
    try wait(kreis, "halver", open, "open")
    try kreis("halver").fail(2, "--publish", "accept", open)
    #expect(try status(kreis, "halver", open) == "open")
    try kreis("halver").succeed("accept", open, "--publish")
    try wait(kreis, "balve", open, "accepted")
    // The hub asks too, and the steward sees it although nobody else does.
    let fromHub = try kreis("hub").succeed(
      "request", id, "email=kita@example.org", "--to-steward", "--json"
    ).id
    try wait(kreis, "halver", fromHub, "open")
    #expect(try requests(kreis, "balve").allSatisfy { $0["id"] != .string(fromHub) })
    try kreis("halver").succeed("accept", fromHub)
    try wait(kreis, "hub", fromHub, "accepted")
    let reason = try kreis("halver").succeed("history", id, "--json").rows.last?["reason"]
    #expect(text(reason).contains("Rückmeldung …"))
  }

  @Test func `A record passes to another town, and back, and neither loses what it wrote`() throws {
    let kreis = try Kreis(towns: 2)
    let id = try add(kreis, "halver")
    try kreis("balve").fail(2, "only Halver and the hub", "transfer", id, "balve")
    try kreis("halver").fail(2, "There is no member 'nowhere'", "transfer", id, "nowhere")
    func owner(_ replica: String) throws -> JSONValue? {
      try kreis(replica).succeed("show", id, "--json").rows.first?["owner"]
    }
    #expect(
      try kreis("halver").succeed("transfer", id, "balve", "--json").rows.first?["granted"]
        == .bool(false))
    for replica in ["halver", "balve", "hub"] {
      try Kreis.wait("Balve as the steward at \(replica)") { try owner(replica) == "balve" }
    }
    try kreis("halver").fail(2, "only Balve and the hub", "edit", id, "phone=0221 4710-143")
    try kreis("balve").succeed("edit", id, "phone=0221 4710-144")
    #expect(try kreis("balve").succeed("show", id).output.contains("gepflegt von Balve"))
    // What was asked before is asked of the next one.
    let late = try kreis("halver").succeed(
      "request", id, "website=https://kita.example.org", "--json"
    ).id
    try wait(kreis, "balve", late, "open")
    try kreis("balve").succeed("transfer", id, "halver")
    try Kreis.wait("Halver as the steward again") { try owner("halver") == "halver" }
    try kreis("halver").succeed("edit", id, "phone=0221 4710-145")
    try kreis.waitUntilEqual()
    for replica in ["halver", "balve", "hub"] {
      #expect(try kreis(replica).succeed("show", id).output.contains("0221 4710-145"))
    }
    // The Kreis takes it over; after a restart nothing of the past is answered again.
    #expect(
      try kreis("hub").succeed("transfer", id, "hub", "--json").rows.first?["granted"]
        == .bool(true))
    kreis.kill("hub")
    try kreis.start("hub")
    try kreis("hub").succeed("edit", id, "phone=0221 4710-146")
    try Kreis.wait("the hub's edit at Halver") {
      try kreis("halver").succeed("show", id).output.contains("0221 4710-146")
    }
    #expect(try owner("hub") == "hub" && owner("halver") == "hub")
    let entries = try kreis("hub").succeed("history", id, "--json").rows
    #expect(entries.allSatisfy { $0["effective"] == .bool(true) })
  }
}
