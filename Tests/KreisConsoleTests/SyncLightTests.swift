// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisPages
import Testing

@testable import KreisConsole

@Suite struct SyncLightTests {
  private func light(
    _ link: [JSONValue.Member], unsent: Int = 0, alarms: Int = 0
  ) -> SyncLight {
    SyncLight(
      [
        "role": "town", "unsent": .integer(unsent), "alarms": .integer(alarms),
        "link": .object(link + [.init("stopped_logs", .array([]))]),
      ], GermanTime(now: 1_800_000_000))
  }

  @Test func `What needs a person is red, whatever the connection is like`() {
    let connected = JSONValue.Member("hub", "connected")
    #expect(light([connected]).state == .done)
    #expect(light([connected], unsent: 3).text == "3 Änderungen werden übertragen")
    let away = light(
      [.init("hub", "waiting"), .init("last_contact", .integer(1_799_992_800))], unsent: 1)
    #expect(away.state == .waiting)
    #expect(away.text == "1 Änderung wartet, Hub seit 2 Stunden nicht erreichbar")
    for (light, words) in [
      // A full disk looks like a hub that cannot be reached, and a refused log like one that is busy.
      (light([.init("hub", "waiting"), .init("store_trouble", "full")]), "nichts speichern"),
      (
        light([connected, .init("stopped_logs", .array(["kreis: refused"]))], unsent: 3),
        "nimmt Änderungen nicht an"
      ),
      (light([connected, .init("upgrade", "too old")]), "zu alt"),
      (light([connected], alarms: 1), "Widersprüchliches"),
      (light([.init("hub", "alarmed")]), "angehalten"),
    ] {
      #expect(light.state == .trouble && light.text.contains(words), "\(light.text)")
      #expect(light.text.hasSuffix(" – bitte die Technik verständigen"))
    }
  }
}
