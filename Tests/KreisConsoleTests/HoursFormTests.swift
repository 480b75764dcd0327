// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import Testing

/// Office hours as people tick them.
@Suite struct HoursFormTests {
  private func hours(_ console: TestConsole, _ id: String) async throws -> JSONValue? {
    try await console.run("show", ["id": .string(id)]).first?["hours"]?.elements.first
  }

  private func rule(_ console: TestConsole, _ owner: String) async throws -> String? {
    guard let id = try await hours(console, owner)?["id"] else { return nil }
    return try await console.run("show", ["id": id]).first?["fields"]?["rrule"]?["value"]?.text
  }

  @Test(arguments: [
    (
      "woche", ["TU", "TH"], [], "FREQ=WEEKLY;BYDAY=TU,TH", "Dienstag und Donnerstag 9:00-11:30 Uhr"
    ),
    (
      "ungerade", ["MO"], [],
      "FREQ=YEARLY;WKST=MO;BYWEEKNO=1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,47,49,51,53;BYDAY=MO",
      "ungerade Kalenderwochen: Montag 9:00-11:30 Uhr"
    ),
    (
      "monat", ["WE"], ["1", "-1"], "FREQ=MONTHLY;BYDAY=1WE,-1WE",
      "jeden ersten und letzten Mittwoch im Monat 9:00-11:30 Uhr"
    ),
  ])
  func `What is ticked becomes a rule, and the rule becomes what was ticked`(
    art: String, days: [String], weeks: [String], rule: String, text: String
  ) async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus"])
    let saved = await console.fill("/neu/schedule?organization_id=\(id)") { form in
      form["r.art"] = art
      for day in days { form.tick("r.tag", day) }
      for week in weeks { form.tick("r.woche", week) }
      form["f.opens_at"] = "09:00"
      form["f.closes_at"] = "11:30"
    }
    #expect(saved.fields["location"] == "/eintrag/\(id)?meldung=gespeichert")
    #expect(try await hours(console, id)?["text"]?.text == text)
    #expect(try await self.rule(console, id) == rule)
    #expect(await console.get("/eintrag/\(id)").text.contains(text))
    let own = try await hours(console, id)?["id"]?.text ?? ""
    let form = await console.get("/eintrag/\(own)/bearbeiten")
    #expect(FormFields(form)["r.art"] == art)
    for day in days { #expect(form.text.contains("value=\"\(day)\" checked")) }
    #expect(form.text.contains("So wird es angezeigt:</span> <strong>\(text)</strong>"))
    let same = await console.post(
      "/eintrag/\(own)/bearbeiten", token: form.token, FormFields(form).pairs)
    #expect(same.fields["location"]?.hasSuffix("meldung=unveraendert") == true)
  }

  @Test func `A rule reads as German wherever it stands`() async throws {
    let console = try await TestConsole()
    let house = try await console.add("organization", ["name": "Haus"])
    let id = try await console.add(
      "schedule",
      [
        "organization_id": house, "rrule": "FREQ=MONTHLY;BYDAY=1TU", "opens_at": "09:00",
        "closes_at": "11:00",
      ])
    for path in ["/eintrag/\(id)", "/eintrag/\(id)/verlauf"] {
      let page = await console.get(path).text
      #expect(page.contains("jeden ersten Dienstag im Monat"), "\(path)")
      #expect(!page.contains("FREQ=") && !page.contains("RFC"), "\(path)")
    }
  }

  @Test func `A rule without a place in the form stays as it is`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus"])
    let rule = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"
    let schedule = try await console.add(
      "schedule", ["organization_id": id, "rrule": rule, "opens_at": "09:00"])
    let saved = await console.fill("/eintrag/\(schedule)/bearbeiten") { form in
      #expect(form["r.art"] == "anders")
      form["f.closes_at"] = "10:00"
    }
    #expect(saved.status == 303)
    #expect(try await self.rule(console, id) == rule)
  }

  @Test func `Who sees office hours is chosen once, and what differs keeps its own choice`()
    async throws
  {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus"])
    let new = await console.get("/neu/schedule?organization_id=\(id)")
    // The note stays on this machine by itself, so it has its own choice.
    let choices = { (page: TestConsole.Answer) in
      page.text.matches(of: /<select id="z-([a-z_]+)"/).map { String($0.1) }
    }
    #expect(choices(new).contains("alle") && !choices(new).contains("opens_at"))
    #expect(!choices(new).contains("rrule") && !choices(new).contains("description"))
    let saved = await console.fill("/neu/schedule?organization_id=\(id)") { form in
      form.tick("r.tag", "MO")
      form["f.opens_at"] = "09:00"
      form["f.closes_at"] = "11:00"
      form["z.alle"] = "kreis"
    }
    #expect(saved.status == 303)
    let own = try #require(try await hours(console, id)?["id"]?.text)
    func scopes() async throws -> [String?] {
      let fields = try await console.run("show", ["id": .string(own)]).first?["fields"]
      return ["rrule", "opens_at", "closes_at"].map { fields?[$0]?["scope"]?.text }
    }
    #expect(try await scopes() == ["kreis", "kreis", "kreis"])
    // One field differs: it is shown with its own choice and is not moved with the others.
    try await console.run(
      "edit",
      [
        "id": .string(own), "publish": .bool(true),
        "changes": .array([
          try FieldChange(argument: "closes_at@kreis=", file: { $0 }).json,
          try FieldChange(argument: "closes_at@local=12:00", file: { $0 }).json,
        ]),
      ])
    #expect(try await scopes() == ["kreis", "kreis", "local"])
    let form = await console.get("/eintrag/\(own)/bearbeiten")
    #expect(choices(form).contains("closes_at") && !choices(form).contains("opens_at"))
    let moved = await console.fill("/eintrag/\(own)/bearbeiten") { form in
      #expect(form["z.alle"] == "kreis")
      form["z.alle"] = "public"
      form["veroeffentlichen"] = "1"
    }
    #expect(moved.status == 303)
    #expect(try await scopes() == ["public", "public", "local"])
  }

  @Test func `What is missing is said where it is to be filled in`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus"])
    let path = "/neu/schedule?organization_id=\(id)"
    let none = await console.fill(path) { $0["r.art"] = "woche" }
    #expect(none.status == 422 && none.text.contains("mindestens einen Wochentag"))
    let second = await console.fill(path) { form in
      form["r.art"] = "zweite"
      form.tick("r.tag", "MO")
    }
    #expect(second.text.contains("id=\"feld-dtstart-fehler\">Bitte den ersten Termin angeben"))
    let once = await console.fill(path) { $0["r.art"] = "einmal" }
    #expect(once.text.contains("id=\"feld-dtstart-fehler\">Bitte den Tag angeben."))
    let backwards = await console.fill(path) { form in
      form.tick("r.tag", "MO")
      form["f.opens_at"] = "11:00"
      form["f.closes_at"] = "09:00"
    }
    #expect(backwards.text.contains("id=\"feld-closes_at-fehler\">Das Ende liegt vor dem Anfang."))
    #expect(backwards.text.contains("value=\"MO\" checked"))
  }

  @Test func `Hours by appointment are shown as such, and holidays are said`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus"])
    let path = "/neu/schedule?organization_id=\(id)"
    #expect(await console.fill(path) { $0["r.art"] = "vereinbarung" }.status == 303)
    #expect(await console.get("/eintrag/\(id)").text.contains("nach Vereinbarung"))
    let own = try #require(try await hours(console, id)?["id"]?.text)
    let saved = await console.fill("/eintrag/\(own)/bearbeiten") { form in
      #expect(form["r.art"] == "vereinbarung")
      form["r.art"] = "woche"
      form.tick("r.tag", "MO")
      form["f.closed_in_school_holidays"] = "true"
      form["f.exdates"] = "24.12.2026, 31.12.2026"
      form["f.registration"] = ""
    }
    #expect(saved.status == 303)
    let text = try await hours(console, id)?["text"]?.text
    #expect(text == "Montag, nicht in den Schulferien, nicht am 24.12.2026 und 31.12.2026")
    let form = await console.get("/eintrag/\(own)/bearbeiten")
    #expect(FormFields(form)["f.exdates"] == "24.12.2026, 31.12.2026")
  }
}
