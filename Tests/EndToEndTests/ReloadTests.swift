// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisHub
import KreisInterchange
import KreisTransport
import Testing

/// SIGHUP, as `systemctl reload` sends it.
@Suite struct ReloadTests {
  private func settings(_ kreis: Kreis, _ text: String) throws -> String {
    try kreis.file("town.yaml", text)
  }

  private func reload(_ daemon: Daemon) {
    daemon.passOver()
    daemon.reload()
    #expect(daemon.tells("RELOADING=1\nMONOTONIC_USEC="))
    #expect(daemon.tells("READY=1"))
  }

  @Test
  func `A town takes up new settings, names those that wait, and keeps the old for wrong ones`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    try kreis.stop("halver")
    let nowhere = try Kreis.freePort()
    let file = try settings(kreis, "proxy: http://127.0.0.1:\(nowhere)\n")
    let daemon = try kreis.start("halver", config: file)
    try kreis.waitForLink("halver", "no way through the proxy") { $0["hub"] == "waiting" }

    _ = try settings(kreis, "proxy: none\nlog_level: nonsense\n")
    reload(daemon)
    #expect(daemon.errors.contains("\(file), line 2: log_level must be one of"))
    #expect(try kreis.status("halver")["link"]?["hub"] != "connected")

    // It connects at once, not at the next try.
    _ = try settings(
      kreis, "proxy: none\nlog_level: debug\nread_api_listen: 127.0.0.1:\(nowhere)\n")
    reload(daemon)
    try kreis.waitForLink("halver", "connected") { $0["hub"] == "connected" }
    #expect(daemon.errors.contains("settings=read_api_"))
    try kreis.waitUntilEqual()
    #expect(daemon.stop().status == 0)
    #expect(daemon.errors.contains(" debug "))
  }

  @Test func `A renewed certificate is served to new connections, and followers go on`()
    async throws
  {
    let kreis = try Kreis(towns: 2, authority: Authority())
    for town in kreis.names {
      try kreis.waitForLink(town, "following") {
        $0["hub"] == "connected" && $0["mode"] == "stream"
      }
    }
    let hub = try #require(kreis.daemons["hub"])
    let before = try await served(kreis, kreis.folder.path + "/hub.pem")
    #expect(before)
    try kreis.issueCertificate("hub")
    #expect(try await !served(kreis, kreis.folder.path + "/hub.pem"))
    reload(hub)
    #expect(try await served(kreis, kreis.folder.path + "/hub.pem"))

    let id = try kreis("halver").succeed("add", "organization", "name=Hebammen", "--json").id
    try kreis.waitUntilEqual()
    #expect(try kreis("balve")("show", id).status == 0)
    for town in kreis.names {
      let log = kreis.errors(town)
      #expect(log.components(separatedBy: "connected to the hub").count == 2, "\(log)")
      #expect(!log.contains("cannot be reached"), "\(log)")
    }
    // Who comes anew comes over the new key.
    try kreis.stop("balve")
    try kreis.start("balve")
    try kreis.waitForLink("balve", "connected") { $0["hub"] == "connected" }

    // A certificate without its key changes nothing.
    try Data("no key".utf8).write(to: kreis.folder.appending(path: "hub.key"))
    reload(hub)
    #expect(hub.errors.contains("key.pem holds no private key"))
    #expect(try await served(kreis, kreis.folder.path + "/hub.pem"))
  }

  /// Whether a new connection to the hub is one with the key of that certificate.
  private func served(_ kreis: Kreis, _ certificate: String) async throws -> Bool {
    let keys = try HubCertificate.keyHashes(inFile: certificate).map(\.bytes)
    let client = try CurlTransport(
      endpoint: HubEndpoint(
        url: "https://127.0.0.1:\(kreis.port)",
        trust: .authorities(caFile: kreis.folder.path + "/ca.pem", keys: keys), proxy: .none))
    let answer = try? await client.send(ClientRequest(.get, "/healthz"))
    await client.shutdown()
    return answer?.status == 200
  }
}
