#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace shoal::io {

/// A coroutine on one executor. Parameters are values, or references to services that outlive it.
/// Cancellation and our own deadlines arrive as boost::system::system_error and pass through.
template <class T = void>
using Task = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;

}  // namespace shoal::io
