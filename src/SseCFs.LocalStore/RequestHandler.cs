using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SseCFs.LocalStore.Faults;
using SseCFs.LocalStore.Operations;
using SseCFs.LocalStore.Protocol;
using SseCFs.LocalStore.Signing;
using SseCFs.LocalStore.Storage;

namespace SseCFs.LocalStore;

/// <summary>One request from the first byte to the last: faults, signature, operation, reply. Exactly one reply, whatever throws.</summary>
internal sealed class RequestHandler(LocalStoreOptions options, StoreFolder store, FaultTable faults, RequestCounts counts, AccessLog? log, bool secure, ILogger logger)
{
    private readonly SignatureV4 _signatures = new(options.Credentials, options.Region, options.Time);

    public async Task HandleAsync(HttpContext http)
    {
        long start = Stopwatch.GetTimestamp();
        var outcome = new Outcome();
        try
        {
            await HandleAsync(http, outcome, http.RequestAborted);
        }
        catch (Exception e) when (e is ConnectionCutException or OperationCanceledException or IOException || http.RequestAborted.IsCancellationRequested)
        {
            // The client has gone, or a fault wants it so.
            http.Abort();
        }
        finally
        {
            log?.Write(options.Time.GetUtcNow(), outcome.Status, outcome.Operation, outcome.Path, outcome.Received, outcome.Sent, Stopwatch.GetElapsedTime(start));
        }
    }

    private async Task HandleAsync(HttpContext http, Outcome outcome, CancellationToken cancellation)
    {
        S3Request? request = null;
        RequestContext? context = null;
        Reply? reply = null;
        var plan = new FaultPlan();
        try
        {
            try
            {
                request = new S3Request(http);
                (outcome.Operation, outcome.Path) = (request.Operation, request.RawPath);
                counts.Add(request.Operation);
                plan = faults.PlanFor(request);
                if (plan.Latency > TimeSpan.Zero)
                    await Task.Delay(plan.Latency, cancellation);
                if (plan.Error is not null)
                    throw plan.Error;
                var signed = _signatures.Verify(request);
                bool isUpload = request.Method is "PUT" or "POST";
                var body = new RequestBody(request, signed, options.Dialect, http.Request.BodyReader, new BodyPacer(plan.Rate, isUpload ? plan.CutAfter : null));
                context = new RequestContext(request, body, store, options, secure, plan);
                reply = await OperationRunner.RunAsync(context, cancellation);
            }
            catch (S3Exception e)
            {
                reply = ErrorOf(e, http, request);
            }
            catch (Exception e) when (e is not (ConnectionCutException or OperationCanceledException) && !cancellation.IsCancellationRequested)
            {
                Log.RequestFailed(logger, outcome.Operation, e);
                reply = ErrorOf(new S3Exception(500, "InternalError", "We encountered an internal error. Please try again."), http, request);
            }
            outcome.Received = context?.Body.Received ?? 0;
            if (plan.LosesReply)
                throw new ConnectionCutException();
            reply.With("x-amz-request-id", http.TraceIdentifier).With("Server", options.Dialect.ServerHeader)
                .With("Date", options.Time.GetUtcNow().ToString("R", CultureInfo.InvariantCulture));
            outcome.Status = reply.Status;
            outcome.Sent = await ReplySender.SendAsync(http, reply, plan, http.Request.Method == "HEAD", cancellation);
        }
        finally
        {
            reply?.Dispose();
            context?.Dispose();
        }
    }

    private static Reply ErrorOf(S3Exception error, HttpContext http, S3Request? request)
    {
        var reply = new Reply(error.Status)
        {
            Document = S3Xml.Write("Error", xml =>
            {
                xml.Element("Code", error.Code);
                xml.Element("Message", error.Message);
                foreach (var (name, value) in error.Details)
                    xml.Element(name, value);
                xml.Element("Resource", request?.Path);
                xml.Element("RequestId", http.TraceIdentifier);
            }, withNamespace: false),
        };
        foreach (var (name, value) in error.Headers)
            reply.With(name, value);
        return reply;
    }

    private sealed class Outcome
    {
        public int Status { get; set; }

        public Operation Operation { get; set; }

        public string Path { get; set; } = "-";

        public long Received { get; set; }

        public long Sent { get; set; }
    }
}
