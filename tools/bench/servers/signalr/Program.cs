/*
 * SignalR with long polling only, and with its JSON protocol. Apart from the transport and the log,
 * all settings are the defaults of ASP.NET Core.
 */
using System.Diagnostics;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders(); // the log of the other servers is off, too
builder.WebHost.UseUrls($"http://127.0.0.1:{Environment.GetEnvironmentVariable("PORT")}");
builder.Services.AddSignalR();

var app = builder.Build();
app.MapHub<Bench>("/hub", options => options.Transports = HttpTransportType.LongPolling);
app.MapGet("/readings", (bool collect) => Readings.Take(collect));
app.Run();

/// <summary>The application of the benchmark: app.ts has the same for the other servers.</summary>
public class Bench : Hub
{
    public Task Echo(string text) => Clients.Caller.SendAsync("echo", text);

    public async Task<string> Ask(string text)
    {
        await Clients.Caller.SendAsync("response", "Got it!");
        return text;
    }

    public async Task Burst(string text)
    {
        for (var i = 0; i < 10; i++) await Clients.Caller.SendAsync("item", $"{i} {text}");
    }

    public Task Tell(string text) => Clients.All.SendAsync("news", text);
}

/// <summary>
/// The readings of this process, in the form of probe.ts: the processor time of all threads, user
/// and system, µs; the memory in use on the managed heap, and the memory that the process has from
/// the operating system, bytes.
/// </summary>
public record Readings(double Cpu, long Heap, long Rss)
{
    public static Readings Take(bool collect)
    {
        for (var i = 0; collect && i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        using var process = Process.GetCurrentProcess();
#if NET9_0_OR_GREATER
        var cpu = Environment.CpuUsage.TotalTime;
#else
        var cpu = process.TotalProcessorTime; // on Linux, in steps of 10 ms
#endif
        return new(cpu.TotalMicroseconds, GC.GetTotalMemory(false), process.WorkingSet64);
    }
}
