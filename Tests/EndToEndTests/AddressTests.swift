// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// Addresses other than 127.0.0.1.
@Suite struct AddressTests {
  @Test func `A hub at an IPv6 address is founded, joined and followed`() throws {
    let kreis = try Kreis(towns: 2, host: "[::1]")
    #expect(try kreis.status("hub")["link"]?["listening"] == .string("[::1]:\(kreis.port)"))
    #expect(try kreis.status("halver")["hub_url"] == .string("https://[::1]:\(kreis.port)"))
    let id = try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn", "--json").id
    try kreis.waitUntilEqual()
    try kreis("balve").succeed("show", id)
    #expect(try kreis.status("balve")["link"]?["mode"] == "stream")
  }
}
