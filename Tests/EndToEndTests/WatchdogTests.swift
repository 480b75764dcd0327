// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Testing

/// The watchdog is fed by what really goes on: `WATCHDOG=1` ceases while a daemon hangs, so that systemd
/// restarts it.
@Suite struct WatchdogTests {
  /// Every 0.2 seconds a sign of life.
  private static let watched = ["WATCHDOG_USEC": "400000"]

  @Test(arguments: ["halver", "hub"])
  func `A daemon whose disk hangs shows no sign of life until it goes on`(replica: String) throws {
    let kreis = try Kreis(towns: 1)
    let flag = kreis.folder.path + "/disk.trouble"
    let preloaded = try Preloaded("disk-trouble", in: kreis.folder)
    try kreis.stop(replica)
    let daemon = try kreis.start(
      replica,
      environment: preloaded.environment.merging(["DISK_TROUBLE": flag]) { $1 }
        .merging(Self.watched) { $1 })
    try kreis.waitUntilEqual()
    for _ in 1...3 { #expect(daemon.tells("WATCHDOG=1")) }

    // What the one writes the other wants to keep.
    let writer = replica == "hub" ? "halver" : "hub"
    try Data("HANG".utf8).write(to: URL(filePath: flag))
    let id = try kreis(writer).succeed("add", "organization", "name=Lotsenpunkt", "--json").id
    try Kreis.wait("an end of the signs of life") {
      daemon.passOver()
      return !daemon.tells("WATCHDOG=1", seconds: 2)
    }
    #expect(!daemon.tells("WATCHDOG=1", seconds: 2))

    try FileManager.default.removeItem(atPath: flag)
    #expect(daemon.tells("WATCHDOG=1"))
    try kreis.waitUntilEqual()
    #expect(try kreis(replica)("show", id).status == 0)
  }
}
