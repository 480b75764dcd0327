// SPDX-License-Identifier: EUPL-1.2

import KreisMonitor
import Testing

/// Parts of the doctor that no test machine has.
@Suite struct DoctorPartsTests {
  private func levels(_ text: String) -> [String] {
    SystemdExamination.judge(text, of: "kreisnetz-town@halver").map {
      "\($0.level.rawValue) \($0.test)"
    }
  }

  @Test func `systemd's answer is judged`() {
    let good = """
      LoadState=loaded
      ActiveState=active
      UnitFileState=enabled
      WatchdogUSec=1min
      NRestarts=0
      """
    #expect(levels(good) == ["OK systemd"])
    #expect(levels(good.replacing("loaded", with: "not-found")) == ["WARN systemd"])
    #expect(levels(good.replacing("=active", with: "=failed")) == ["FAIL systemd"])
    #expect(levels(good.replacing("enabled", with: "disabled")) == ["WARN systemd"])
    #expect(levels(good.replacing("1min", with: "infinity")) == ["OK systemd", "WARN watchdog"])
    #expect(
      levels(good.replacing("NRestarts=0", with: "NRestarts=7")) == ["OK systemd", "WARN restarts"])
    #expect(levels("") == ["WARN systemd"])
  }

  @Test(arguments: [
    ("hub.example.org", true), (".example.org", true), ("example.org", true), ("*", true),
    ("localhost, HUB.example.org", true), ("xample.org", false), ("other.org", false), ("", false),
  ])
  func `no_proxy is read as curl does`(list: String, excludes: Bool) {
    #expect(ProxyChoice.excludes(list, "hub.example.org") == excludes)
  }

  @Test func `The proxy comes from the settings or the environment, and its password is not shown`()
  {
    let choose = { (environment: [String: String]) in
      ProxyChoice(nil, host: "hub.example.org", environment: environment)
    }
    #expect(choose([:]).url == nil)
    #expect(choose(["http_proxy": "http://p:1"]).url == nil)
    #expect(choose(["HTTPS_PROXY": "p.example.org:3128"]).url == "http://p.example.org:3128")
    #expect(choose(["https_proxy": "http://p:1", "no_proxy": "example.org"]).url == nil)
    let secret = choose(["all_proxy": "http://user:geheim@p.example.org:3128"])
    #expect(secret.shown == "http://…@p.example.org:3128")
    #expect(secret.place?.host == "p.example.org")
    #expect(secret.place?.port == 3128)
  }
}
