// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// A proxy with a certificate of an authority that the town trusts stands between town and hub.
@Suite struct InterceptionTests {
  private func reason(_ kreis: Kreis, _ town: String) throws -> String {
    guard case .string(let text)? = try kreis.status(town)["link"]?["reason"] else { return "" }
    return text
  }

  private func expectNothingLearned(_ interceptor: Interceptor) {
    #expect(Set(interceptor.requests) == ["GET /v1/tls HTTP/1.1"])
    #expect(!interceptor.read.lowercased().contains("signature"))
  }

  @Test func `Nothing is sent or fetched over a connection whose key the hub does not name`()
    throws
  {
    let kreis = try Kreis(towns: 1, authority: Authority())
    try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn")
    try kreis.waitUntilEqual()
    try kreis.stop("hub")
    let behind = try Kreis.freePort()
    try kreis.start("hub", environment: ["KREISNETZ_LISTEN_PORT": "\(behind)"])
    try kreis.issueCertificate("proxy")
    let interceptor = try Interceptor(
      port: kreis.port, hub: behind, certificate: kreis.folder.path + "/proxy.pem",
      key: kreis.folder.path + "/proxy.key")
    let id = try kreis("halver").succeed("add", "organization", "name=Hebammen", "--json").id
    try kreis.waitForLink("halver", "an alarm") { $0["hub"] == "alarmed" }
    #expect(try reason(kreis, "halver").contains("intercepted"))
    #expect(try kreis("halver")("status").status == 1)
    #expect(try kreis("hub")("show", id).status == 1)
    expectNothingLearned(interceptor)

    // Before anything of the realm is known here, too.
    let new = CommandLineTool(state: kreis.state("balve"), environment: kreis.environment)
    try new.fail(2, "intercepted", "town", "join", "-", input: kreis.invite("balve"))
    expectNothingLearned(interceptor)

    interceptor.stop()
    try kreis.stop("hub")
    try kreis.start("hub")
    try kreis.waitUntilEqual()
    #expect(try kreis("hub")("show", id).status == 0)
  }

  @Test func `A renewed certificate with another key locks no town out`() throws {
    let kreis = try Kreis(towns: 2, authority: Authority())
    try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn")
    try kreis.waitUntilEqual()
    try kreis.stop("balve")
    try kreis.stop("hub")
    try kreis.issueCertificate("hub")
    try kreis.start("hub")
    let id = try kreis("halver").succeed("add", "organization", "name=Hebammen", "--json").id
    try kreis.start("balve")
    try kreis.waitUntilEqual()
    #expect(try kreis("balve")("show", id).status == 0)
    #expect(try kreis("halver")("status").status == 0)
  }

  @Test func `A hub behind a proxy that ends TLS names the proxy's key`() throws {
    let kreis = try Kreis(towns: 1, authority: Authority())
    try kreis.waitUntilEqual()
    try kreis.stop("hub")
    try kreis.issueCertificate("proxy")
    let (pem, key) = (kreis.folder.path + "/proxy.pem", kreis.folder.path + "/proxy.key")
    let behind = try Kreis.freePort()
    try kreis.start(
      "hub",
      environment: ["KREISNETZ_LISTEN_PORT": "\(behind)", "KREISNETZ_TLS_ALSO_NAMED": pem])
    let proxy = try Interceptor(port: kreis.port, hub: behind, certificate: pem, key: key)
    defer { proxy.stop() }
    try kreis("halver").succeed("add", "organization", "name=Hebammen")
    try kreis.waitUntilEqual()
    #expect(proxy.requests.contains { $0.hasPrefix("POST /v1/bundles") })
  }

  @Test func `A lost hub's new key is named by the root, and towns bring everything back`() throws {
    let kreis = try Kreis(towns: 2, authority: Authority())
    let id = try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn", "--json").id
    try kreis.waitUntilEqual()
    try kreis.stop("hub")
    let saved = kreis.folder.path + "/root.key"
    try FileManager.default.copyItem(atPath: kreis.state("hub") + "/keys/root.key", toPath: saved)
    try FileManager.default.removeItem(atPath: kreis.state("hub"))
    try kreis.issueCertificate("hub")
    try kreis("hub").succeed(
      "hub", "init", "--recover", "--root-key", saved, "--url", "https://127.0.0.1:\(kreis.port)",
      "--tls-cert", kreis.folder.path + "/hub.pem", "--tls-key", kreis.folder.path + "/hub.key",
      input: kreis.phrase + "\n")
    try kreis.start("hub")
    try Kreis.wait("what the towns offer", seconds: 90) {
      let rows = try kreis("hub").succeed("hub", "gather", "--json").rows
      return rows.count { $0["offered_at"] != .null } >= 2
    }
    try kreis("hub").succeed("hub", "gather", "--close", input: kreis.phrase + "\n")
    try kreis.waitUntilEqual()
    #expect(try kreis("hub")("show", id).status == 0)
    // Signed by the hub's own key again when the key changes.
    try kreis.stop("hub")
    try kreis.issueCertificate("hub")
    try kreis.start("hub")
    try kreis("halver").succeed("edit", id, "phone=0221 4710-120")
    try kreis.waitUntilEqual()
  }
}
