// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import Testing

/// What is entered twice.
@Suite struct DuplicateTests {
  @Test func `Two records are compared, and one takes over what it lacks`() async throws {
    let console = try await TestConsole()
    let first = try await console.add(
      "organization", ["name": "Kita Löwenzahn", "city": "Halver", "languages": "de"])
    let second = try await console.add(
      "organization",
      [
        "name": "Kita Loewenzahn", "city": "Halver", "phone": "0221 4710-316",
        "email": "kita@example.org", "languages": "de|tr",
      ])
    let offer = try await console.add("service", ["name": "Café", "organization_id": second])
    let other = try await console.add("service", ["name": "Rat", "organization_id": second])
    // The same area of two offers is not the same.
    for id in [offer, other] {
      try await console.add("service_area", ["name": "Ganz Halver", "service_id": id])
    }
    let list = await console.get("/dubletten")
    for text in ["1 Paar", "gleicher Name", "Kita Löwenzahn", "Kita Loewenzahn", "0221 4710-316"] {
      #expect(list.text.contains(text), "\(text)")
    }
    let path = "/dubletten/zusammenfuehren?behalten=\(first)&aufgeben=\(second)"
    let asked = await console.get(path)
    #expect(asked.text.contains("value=\"phone\" checked"))
    #expect(asked.text.contains("wird behalten") && asked.text.contains("wird gelöscht"))
    // To look changes nothing.
    #expect(try await console.run("review", [:]).count == 1)
    let done = await console.fill(path) { form in
      form["nimm"] = nil
      form.tick("nimm", "phone")
      form.tick("nimm", "languages")
    }
    #expect(done.fields["location"] == "/eintrag/\(first)?meldung=zusammengefuehrt")
    let kept = try await console.run("show", ["id": .string(first)]).first?["fields"]
    #expect(kept?["phone"]?["value"] == "0221 4710-316")
    #expect(kept?["languages"]?["value"] == .array(["de", "tr"]))
    #expect(kept?["email"] == nil)
    let gone = try await console.run("show", ["id": .string(second)]).first
    #expect(gone?["deleted"] == .bool(true))
    let service = try await console.run("show", ["id": .string(offer)]).first
    #expect(service?["fields"]?["organization_id"]?["value"]?.text == first)
    #expect(await console.get("/dubletten").text.contains("nichts doppelt eingetragen"))
    let again = await console.post(
      "/dubletten/zusammenfuehren", token: asked.token,
      [("behalten", first), ("aufgeben", second)])
    #expect(again.status == 409 && again.text.contains("Der Eintrag ist gelöscht"))
  }

  @Test func `What is no duplicate is remembered`() async throws {
    let console = try await TestConsole()
    let first = try await console.add("organization", ["name": "Kita", "city": "Halver"])
    let second = try await console.add("organization", ["name": "Kita", "city": "Halver"])
    let list = await console.get("/dubletten")
    let path = "/dubletten/verschieden"
    let answer = await console.post(
      path, token: list.token, [("behalten", first), ("aufgeben", second)])
    #expect(answer.fields["location"] == "/dubletten?meldung=verschieden")
    #expect(try await console.run("review", [:]).isEmpty)
    #expect(await console.get("/dubletten").text.contains("nichts doppelt eingetragen"))
    // It stays on this machine.
    let row = try await console.run("show", ["id": .string(second)]).first?["fields"]
    let noted = try await console.run("show", ["id": .string(first)]).first?["fields"]
    let scopes = [row, noted].compactMap { $0?["distinct_from"]?["scope"] }
    #expect(scopes == ["local"])
    let third = try await console.add("organization", ["name": "Kita", "city": "Halver"])
    #expect(try await console.run("review", [:]).count == 2)
    #expect(await console.post(path, token: list.token, [("behalten", third)]).status == 404)
  }
}
