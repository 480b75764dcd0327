// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import Testing

/// Who did what, as the hub's console tells it.
@Suite struct AuditPageTests {
  @Test func `Who did what is listed, and that somebody changed the list`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Kita"])
    let token = await console.get("/eintrag/\(id)").token
    _ = await console.post("/eintrag/\(id)/loeschen", token: token, [])
    let page = await console.get("/kreis/protokoll").text
    #expect(page.contains("Eintrag gelöscht"))
    #expect(page.contains("(Konsole)"))
    #expect(page.contains("lückenlos"))
    let file = console.root.appending(path: "audit.log")
    let text = try String(contentsOf: file, encoding: .utf8)
    try Data(text.replacing("\"delete\"", with: "\"undelete\"").utf8).write(to: file)
    #expect(await console.get("/kreis/protokoll").text.contains("Das Protokoll ist beschädigt"))
  }

  @Test func `What was done is told in German, and a refusal is no release`() async throws {
    let acts: [(String, JSONValue)] = [
      ("release", ["refuse": .bool(true), "requested_account": "selma", "subject": "7"]),
      ("account add", ["name": "karl"]), ("hub invite", ["name": "balve"]),
      ("import", ["format": "csv", "keep_going": .bool(true)]),
      ("console sign-in", [:]), ("console sign-out", [:]), ("console password", [:]),
      ("console lock-out", [:]), ("distinct", [:]), ("account role", ["role": "coordinating"]),
      ("account password", [:]), ("account remove", [:]),
    ]
    let console = try await TestConsole(handlers: [
      "audit": { call in
        try call.row(["total": .integer(acts.count)])
        for (act, about) in acts {
          try call.row(["act": .string(act), "about": about, "outcome": "done"])
        }
        return .done
      }
    ])
    let page = await console.get("/kreis/protokoll").text
    for text in [
      "Veröffentlichung nicht freigegeben", "beantragt von: selma", "Eintrag: 7", "Konto: karl",
      "Mitglied: balve", "ohne abgelehnte Zeilen", "Rolle: Koordination",
    ] { #expect(page.contains(text), "\(text): \(page)") }
    for (act, _) in acts where act != "import" { #expect(!page.contains(act), "\(act)") }
    for raw in ["refuse", "Veröffentlichung freigegeben", "keep_going", "true", "coordinating"] {
      #expect(!page.contains(raw), "\(raw)")
    }
  }

  @Test func `Rules that were changed are called as the Kreis calls them`() async throws {
    let console = try await TestConsole()
    try await console.run("policy", ["retention_days": "180"])
    let page = await console.get("/kreis/protokoll").text
    #expect(page.contains("Regeln: Ersetzte Werte vernichten nach (Tage)"), "\(page)")
    #expect(!page.contains("retention_days"))
    // The newest first.
    try await console.run("policy", ["erasure_days": "20"])
    let later = await console.get("/kreis/protokoll").text
    let acts = later.matches(of: /Regeln: ([^<]*)/).map { String($0.1) }
    #expect(acts.map { $0.prefix(5) } == ["Frist", "Erset"], "\(acts)")
  }
}
