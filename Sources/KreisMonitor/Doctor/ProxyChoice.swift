// SPDX-License-Identifier: EUPL-1.2

import Foundation
package import KreisService

/// Which proxy stands between this machine and the hub, as the settings and the environment say; the
/// environment is read as curl does.
package struct ProxyChoice: Hashable, Sendable {
  /// `nil`: the hub is reached directly.
  package let url: String?
  /// Where that was said.
  let origin: String

  package init(
    _ configuration: TownConfiguration?, host: String,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    switch configuration?.proxy ?? .fromEnvironment {
    case .none: self.init(url: nil, origin: "the setting proxy: none")
    case .url(let url): self.init(url: url, origin: "the setting proxy")
    case .fromEnvironment: self.init(environment, host)
    }
  }

  private init(url: String?, origin: String) { (self.url, self.origin) = (url, origin) }

  private init(_ environment: [String: String], _ host: String) {
    func value(_ name: String) -> (name: String, text: String)? {
      for name in [name, name.uppercased()] {
        if let text = environment[name], !text.isEmpty { return (name, text) }
      }
      return nil
    }
    guard let (name, url) = value("https_proxy") ?? value("all_proxy") else {
      self.init(url: nil, origin: "no proxy is set")
      return
    }
    if let (excluded, list) = value("no_proxy"), Self.excludes(list, host) {
      self.init(url: nil, origin: "\(excluded) excludes the hub from \(name)")
    } else {
      self.init(url: url.contains("://") ? url : "http://" + url, origin: name)
    }
  }

  package static func excludes(_ list: String, _ host: String) -> Bool {
    list.lowercased().split(whereSeparator: { ", ".contains($0) }).contains { entry in
      let name = entry.drop { $0 == "." }
      let host = host.lowercased()
      return entry == "*" || host == name || host.hasSuffix("." + name)
    }
  }

  /// Where the proxy listens; `nil` for a URL that makes no sense.
  package var place: (host: String, port: Int)? {
    guard let url, let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty
    else { return nil }
    let port =
      parts.port ?? (url.hasPrefix("http") ? (url.hasPrefix("https") ? 443 : 1_080) : 1_080)
    return (host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host, port)
  }

  /// Without a password that may stand in the environment.
  package var shown: String {
    guard let url, let at = url.lastIndex(of: "@") else { return url ?? "" }
    let scheme = url.range(of: "://").map { String(url[..<$0.upperBound]) } ?? ""
    return scheme + "…" + url[at...]
  }
}
