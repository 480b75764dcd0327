// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// What an office connects a town's daemon to: a folder for its tables, and readers on the web.
@Suite(.timeLimit(.minutes(5))) struct OfficeTests {
  @Test func `A daemon imports what is put into its folder, and serves what is public of it`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    let folder = kreis.folder.path + "/eingang"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    #expect(chmod(folder, 0o770) == 0)
    let port = try Kreis.freePort()
    try kreis.stop("halver")
    try kreis.start(
      "halver",
      environment: [
        "KREISNETZ_IMPORT_WATCH": folder, "KREISNETZ_READ_API_LISTEN": "127.0.0.1:\(port)",
      ])
    let put = { (name: String, text: String) in
      try Data(text.utf8).write(to: URL(filePath: folder + "/." + name))
      #expect(rename(folder + "/." + name, folder + "/" + name) == 0)
    }
    let reports = { (place: String) -> [String] in
      try FileManager.default.contentsOfDirectory(atPath: folder + "/" + place)
        .filter { $0.hasSuffix(".report.txt") }
    }
    try put(
      "liste.yaml",
      """
      key: Kita
      records:
        - kind: organization
          fields: { name: Kita, city: Ort }
        - kind: contact
          when: Leitung
          fields:
            name: Leitung
            organization_id: { record: organization }
            legal_basis: { constant: public_task }
            source: { constant: Liste }

      """)
    let rows = (1...300).map { "Kita \($0);Halver;Ayla Beispiel-\($0)\r\n" }.joined()
    try put("liste.csv", "Kita;Ort;Leitung\r\n" + rows)
    try Kreis.wait("the report", seconds: 60) { try reports("done").count == 1 }
    let (status, page) = get("/organizations?per_page=100", port)
    #expect(status == 200 && page?["total_items"] == .integer(300))
    #expect(!JSONWriter.text(of: page ?? .null).contains("Ayla Beispiel"))
    // What people keep from the public stays so, and they are told.
    try put(
      "offen.ndjson",
      #"{"kind":"phone","external_id":"t","number@public":"0221 4710-001"}"# + "\n")
    try Kreis.wait("the other report") { try reports("failed").count == 1 }
    let report = try String(
      contentsOfFile: folder + "/failed/" + #require(reports("failed").first), encoding: .utf8)
    #expect(report.contains("--publish"))
    // The hub's change shows with the next request after it arrived.
    try kreis("hub").succeed("add", "organization", "name=Jugendamt")
    try Kreis.wait("it on the web") {
      get("/organizations?search=jugendamt", port).json?["total_items"] == .integer(1)
    }
    // A reader who waits for a catalogue does not keep the daemon from stopping.
    try kreis("halver").succeed("add", "organization", "name=Neu")
    let reader = Thread { _ = get("/services", port) }
    reader.start()
    let daemon = try #require(kreis.daemons["halver"])
    let stopped = daemon.stop()
    #expect(stopped.status == 0, "\(daemon.errors.suffix(2_000))")
    #expect(stopped.seconds < 5)
  }

  /// Asks the read API, as any client on this machine may.
  private func get(_ path: String, _ port: Int) -> (status: Int, json: JSONValue?) {
    let (status, body) = Loopback.get(path, port)
    return (status, try? JSONParser.parse(body, limit: 1 << 24))
  }
}
