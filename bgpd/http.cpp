#include "bgpd/http.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace podbgp::bgpd {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {

constexpr auto kRequestTime = std::chrono::seconds(5);
constexpr std::size_t kMaxRequest = 8 * 1024;
constexpr long kMaxExchanges = 64;  // at once; who comes then is closed: descriptors are for BGP sessions

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(tcp::socket socket, HttpHandler handler, std::shared_ptr<const bool> live)
      : stream_(std::move(socket)), handler_(std::move(handler)), live_(std::move(live)) {}

  void run() {
    parser_.body_limit(kMaxRequest);
    parser_.header_limit(kMaxRequest);
    stream_.expires_after(kRequestTime);
    http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->answer();
    });
  }

 private:
  void answer() {
    const auto& request = parser_.get();
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      write({405, "text/plain; charset=utf-8", "only GET and HEAD\n"});
      return;
    }
    const std::string target(request.target().substr(0, request.target().find('?')));
    handler_(target, [self = shared_from_this()](HttpAnswer a) { self->write(std::move(a)); });
  }

  void write(HttpAnswer a) {
    response_.result(a.status);
    response_.version(parser_.get().version());
    response_.set(http::field::content_type, a.content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.keep_alive(false);
    const auto size = a.body.size();
    if (parser_.get().method() != http::verb::head) response_.body() = std::move(a.body);
    response_.content_length(size);
    stream_.expires_after(kRequestTime);
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code, std::size_t) {
      beast::error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kMaxRequest};
  http::request_parser<http::string_body> parser_;
  http::response<http::string_body> response_;
  HttpHandler handler_;
  std::shared_ptr<const bool> live_;
};

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(asio::io_context& control, HttpHandler h) : acceptor(control), handler(std::move(h)) {}
  void accept() {
    acceptor.async_accept([self = shared_from_this()](beast::error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error && self->live.use_count() <= kMaxExchanges)
        std::make_shared<Exchange>(std::move(socket), self->handler, self->live)->run();
      if (self->acceptor.is_open()) self->accept();
    });
  }
  tcp::acceptor acceptor;
  HttpHandler handler;
  std::shared_ptr<const bool> live = std::make_shared<const bool>(true);  // each exchange holds it: counts them
};

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() {
  beast::error_code ignored;
  impl_->acceptor.close(ignored);
}

net::Result<std::unique_ptr<HttpServer>, std::string> HttpServer::listen(asio::io_context& control,
                                                                         const net::IpAddress& address,
                                                                         std::uint16_t port, HttpHandler handler) {
  auto impl = std::make_shared<Impl>(control, std::move(handler));
  beast::error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(net::to_string(address)), port);
  impl->acceptor.open(endpoint.protocol(), error);
  if (!error) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) impl->acceptor.bind(endpoint, error);
  if (!error) impl->acceptor.listen(64, error);
  if (error)
    return net::fail(fmt::format("cannot listen on {} port {} for metrics: {}; set metrics.listen to another address, or "
                                 "to off",
                                 address, port, error.message()));
  impl->accept();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace podbgp::bgpd
