// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// What monitoring systems ask real daemons.
@Suite struct MonitoringTests {
  /// A command as another user, who has nothing but a group.
  private func run(
    _ kreis: Kreis, _ replica: String, user: UInt32, group: UInt32, _ arguments: String...
  ) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      [
        "setpriv", "--reuid=\(user)", "--regid=\(group)", "--clear-groups",
        CommandLineTool.binary.path,
      ] + arguments + ["--state", kreis.state(replica)]
    let file = kreis.folder.appending(path: "output")
    try Data().write(to: file)
    let handle = try FileHandle(forWritingTo: file)
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit(seconds: 60)
    return (
      process.terminationStatus, String(decoding: try Data(contentsOf: file), as: UTF8.self)
    )
  }

  @Test(.enabled(if: geteuid() == 0))
  func `A group watches without root, and may do nothing else`() throws {
    let kreis = try Kreis(towns: 1)
    let games = try #require(getgrnam("games")).pointee.gr_gid
    try kreis.stop("halver")
    try kreis.start("halver", environment: ["KREISNETZ_MONITOR_GROUP": "games"])
    try kreis.waitForLink("halver", "connected") { $0["hub"] == "connected" }
    let member = { (arguments: String) in
      try run(kreis, "halver", user: 65_534, group: games, arguments)
    }
    #expect(try member("status").status == 0)
    #expect(try member("metrics").output.contains("kreisnetz_hub_connected 1\n"))
    let check = try member("check")
    #expect(check.status == 0, "\(check.output)")
    #expect(check.output.hasPrefix("KREISNETZ OK - town Halver"))
    let doctor = try member("doctor")
    #expect(doctor.output.contains("OK    daemon"), "\(doctor.output)")
    #expect(doctor.output.contains("OK    pin"), "\(doctor.output)")
    #expect(doctor.status == 0, "\(doctor.output)")
    for command in ["audit", "conflicts", "export", "resync", "retention"] {
      let refused = try member(command)
      #expect(refused.status != 0, "\(command): \(refused.output)")
      #expect(refused.output.contains("may not be used by this user"), "\(refused.output)")
    }
    // Nobody else, and no files.
    let stranger = try run(kreis, "halver", user: 65_533, group: 65_533, "check")
    #expect(stranger.status == 3, "\(stranger.output)")
    let files = try run(kreis, "halver", user: 65_534, group: games, "log", "verify")
    #expect(files.status != 0)
    // The group is told that the daemon stopped, and is asked at its own socket if it died.
    try kreis.stop("halver")
    #expect(try member("check").status == 2)
    try kreis.start("halver", environment: ["KREISNETZ_MONITOR_GROUP": "games"])
    kreis.kill("halver")
    let dead = try member("check")
    #expect(dead.status == 2, "\(dead.output)")
    #expect(dead.output.contains("the daemon does not run"))
  }

  @Test func `Metrics are the same by command and over HTTP, and for a stopped daemon`() throws {
    let kreis = try Kreis(towns: 1)
    try kreis.stop("halver")
    let port = try Kreis.freePort()
    try kreis.start("halver", environment: ["KREISNETZ_METRICS_LISTEN": "\(port)"])
    try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn")
    try kreis.waitUntilEqual()
    let names = { (text: String) in
      text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        .map { $0.prefix { !"{ ".contains($0) } }
    }
    let printed = try kreis("halver").succeed("metrics").output
    let shown = Loopback.get("/metrics", port)
    #expect(shown.status == 200)
    #expect(names(printed) == names(String(decoding: shown.body, as: UTF8.self)))
    #expect(printed.contains("\nkreisnetz_push_duration_seconds_count 1\n"))
    #expect(printed.contains("\nkreisnetz_daemon_running 1\n"))
    #expect(!printed.contains("Löwenzahn"))
    try kreis.stop("halver")
    let still = try kreis("halver").succeed("metrics").output
    #expect(still.contains("\nkreisnetz_daemon_running 0\n"))
    #expect(still.contains("\nkreisnetz_unsent_entries 0\n"))
  }

  @Test func `A check ends with the codes of monitoring plugins`() throws {
    let kreis = try Kreis(towns: 1)
    try kreis.waitUntilEqual()
    let ok = try kreis("halver").succeed("check").output
    #expect(ok.split(separator: "\n").count == 1)
    #expect(ok.contains(" | lag="))
    try Kreis.wait("the town's statement") {
      try kreis("hub").succeed("check").output.contains("towns: 1, of which behind: 0")
    }
    #expect(try kreis("halver")("check", "--disk-free", "1000000000,").status == 1)
    #expect(try kreis("halver")("check", "--disk-free", ",1000000000").status == 2)
    for wrong in [["check", "--lag", "much"], ["check", "--no-such-option"]] {
      let result = try kreis("halver")(wrong)
      #expect(result.status == 3)
      #expect(result.output.hasPrefix("KREISNETZ UNKNOWN - "), "\(result.output)")
    }
    let missing = try CommandLineTool(state: kreis.state("nobody"))("check")
    #expect(missing.status == 3)
    #expect(missing.output.hasPrefix("KREISNETZ UNKNOWN - there is no state directory"))
    try kreis.stop("halver")
    let down = try kreis("halver")("check")
    #expect(down.status == 2)
    #expect(down.output.hasPrefix("KREISNETZ CRITICAL - town Halver: the daemon does not run"))
  }
}
