# Simulated rows and expected values of tests/oracles/test_residuals.py.
# Run from the project's root:  Rscript tests/oracles/r/residuals.R
# It writes tests/oracles/residuals/rows.csv and tests/oracles/r/residuals.json.
suppressPackageStartupMessages({library(nlme); library(jsonlite)})
options(digits = 15)
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20000512)

# Clients in therapists, sessions missed, uneven days; residuals go on, and are larger by video.
course <- function(client, phi, larger) {
  m <- sample(4:14, 1)
  session <- sort(sample(1:18, m))
  going <- as.numeric(arima.sim(list(ar = phi), 60))[31:48] * 2
  modality <- sample(c("in_person", "phone", "video"), m, TRUE, c(.6, .15, .25))
  data.frame(client, session, day = cumsum(sample(c(3, 5, 7, 7, 7, 9.5, 14, 21), m, TRUE)),
             modality, x = round(rnorm(m), 3),
             e = going[session] * c(in_person = 1, phone = .8, video = larger)[modality])
}
simulated <- function(case, phi, larger, clients = 12 * 8, each = 8, between = 2) {
  d <- do.call(rbind, lapply(seq_len(clients), course, phi = phi, larger = larger))
  d$therapist <- (d$client - 1) %/% each + 1
  b <- rnorm(clients, 0, between); s <- rnorm(clients, 0, .15); u <- rnorm(max(d$therapist), 0, 1.2)
  d$y <- round(20 + .4 * d$session + .6 * d$x + b[d$client] + s[d$client] * d$session +
                 u[d$therapist] + d$e, 4)
  data.frame(case, d[c("client", "therapist", "session", "day", "modality", "x", "y")])
}
rows <- rbind(simulated("going", .5, 1.4), simulated("back", -.35, 1), simulated("walk", .9, 1.2))
dir.create("tests/oracles/residuals", showWarnings = FALSE)
write.csv(rows, "tests/oracles/residuals/rows.csv", row.names = FALSE, quote = FALSE)
rows <- lapply(split(rows, rows$case), function(d) {
  d$modality <- factor(d$modality, c("in_person", "phone", "video")); d
})

tight <- function(opt) lmeControl(msTol = 1e-14, tolerance = 1e-12, maxIter = 500, msMaxIter = 1000,
                                  niterEM = 50, msMaxEval = 5000, opt = opt, returnObject = TRUE)
# The best of nlme's two optimisers, from several starts of the correlation.
best <- function(fixed, data, random, structure, weights = NULL, method = "REML") {
  found <- NULL
  for (opt in c("nlminb", "optim")) for (start in list(.1, .4, .7)) {
    fit <- try(do.call(lme, list(fixed, data, random, correlation = structure(start),
                                 weights = weights, method = method, control = tight(opt))),
               silent = TRUE)
    if (inherits(fit, "try-error")) next
    if (is.null(found) || logLik(fit) > logLik(found)) found <- fit
  }
  found
}
modes <- function(fit) {
  found <- ranef(fit, level = length(fit$modelStruct$reStruct))
  found <- setNames(found[, 1], sub(".*/", "", rownames(found)))
  unname(found[as.character(1:5)])
}
plain <- function(x) if (is.null(x)) NULL else as.list(x)
say <- function(fit) {
  v <- try(intervals(fit, which = "var-cov"), silent = TRUE)
  limits <- function(part) if (inherits(v, "try-error") || is.null(v[[part]])) NULL else unclass(v[[part]])
  sizes <- if (is.null(fit$modelStruct$varStruct)) NULL else
    varWeights(fit$modelStruct$varStruct)
  plainly <- function(x) if (is.null(x)) NULL else as.numeric(x)
  ratio <- if (is.null(sizes)) NULL else {
    by <- tapply(1 / sizes, fit$data$modality, mean); by / by["in_person"]
  }
  list(loglik = as.numeric(logLik(fit)), estimate = unname(fixef(fit)),
       se = unname(sqrt(diag(vcov(fit)))), df = unname(fit$fixDF$X),
       phi = plainly(coef(fit$modelStruct$corStruct, unconstrained = FALSE)),
       phi_limits = plainly(limits("corStruct")[c(1, 3)]),
       ratio = plain(ratio), ratio_limits = if (is.null(limits("varStruct"))) NULL else
         apply(limits("varStruct")[, c(1, 3), drop = FALSE], 1, as.numeric, simplify = FALSE),
       sigma = fit$sigma * (if (is.null(sizes)) 1 else
         mean((1 / sizes)[fit$data$modality == "in_person"])),
       random = as.numeric(unlist(lapply(rev(fit$modelStruct$reStruct),
         function(g) sqrt(diag(as.matrix(g))) * fit$sigma))),
       modes = modes(fit))
}
none <- function(start) NULL
ar1 <- function(form) function(start) corAR1(start, form = form)
car1 <- function(form) function(start) corCAR1(start + .15, form = form)
nested <- ~ 1 | therapist / client
by <- varIdent(form = ~ 1 | modality)
of <- y ~ session + x
out <- list(
  versions = list(R = R.version.string, nlme = as.character(packageVersion("nlme"))),
  ar1_reml = say(best(of, rows$going, nested, ar1(~ session | therapist / client))),
  ar1_ml = say(best(of, rows$going, nested, ar1(~ session | therapist / client), method = "ML")),
  ar1_back = say(best(of, rows$back, nested, ar1(~ session | therapist / client))),
  ar1_slope = say(best(of, rows$going, ~ session | client, ar1(~ session | client))),
  ar1_walk = say(best(of, rows$walk, ~ 1 | client, ar1(~ session | client))),
  car1_reml = say(best(of, rows$going, nested, car1(~ day | therapist / client))),
  car1_ml = say(best(of, rows$going, ~ 1 | client, car1(~ day | client), method = "ML")),
  sizes_reml = say(best(of, rows$going, nested, none, by)),
  sizes_ml = say(best(of, rows$going, nested, none, by, method = "ML")),
  both_reml = say(best(of, rows$going, nested, ar1(~ session | therapist / client), by)),
  both_car1 = say(best(of, rows$going, ~ 1 | client, car1(~ day | client), by)))
out$independent <- list(
  reml = as.numeric(logLik(best(of, rows$going, nested, none))),
  ml = as.numeric(logLik(best(of, rows$going, nested, none, method = "ML"))))
fit <- best(of, rows$going, nested, ar1(~ session | therapist / client))
seen <- function(type) {
  v <- Variogram(fit, form = ~ session, resType = type, collapse = "none")
  d <- as.data.frame(unclass(v)[c("variog", "dist")])
  d <- aggregate(variog ~ dist, d, mean); n <- table(v$dist)
  list(dist = d$dist, variog = d$variog, pairs = as.numeric(n[as.character(d$dist)]))
}
out$variogram <- list(pearson = seen("pearson"), normalized = seen("normalized"))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE, null = "null"),
      "tests/oracles/r/residuals.json")
for (k in names(out)) if (!is.null(out[[k]]$loglik)) cat(k, format(out[[k]]$loglik, digits = 14), out[[k]]$phi, "\n")
