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
