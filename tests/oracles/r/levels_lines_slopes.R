# The alliance split in three, about the client's own line, and with slopes that differ, by lme4.
# Run from the project's root:  Rscript tests/oracles/r/levels_lines_slopes.R
# It reads tests/oracles/clinic/clinic.csv, lags and splits by itself, and writes
# tests/oracles/r/levels_lines_slopes.json. Degrees of freedom are Satterthwaite's, by lmerTest.
source("tests/oracles/r/best_of_r.R")
suppressPackageStartupMessages(library(lmerTest))
rows <- read.csv("tests/oracles/clinic/clinic.csv")
rows <- rows[order(rows$client, rows$session), ]
before <- match(paste(rows$client, rows$session - 1), paste(rows$client, rows$session))
rows$lag <- rows$srs[before]
rows$seen <- rows$therapist[before]
rows$therapists <- ave(rows$therapist, rows$client, FUN = function(x) length(unique(x)))
rows <- rows[complete.cases(rows[, c("lag", "ors", "base")]), ]

# Cell by cell: each client with each therapist once.
in_three <- function(d, others) {
  key <- paste(d$client, d$seen)
  cells <- data.frame(key = unique(key))
  cells$mean <- as.numeric(tapply(d$lag, key, mean)[cells$key])
  cells$seen <- d$seen[match(cells$key, key)]; cells$client <- d$client[match(cells$key, key)]
  cells$centre <- vapply(seq_len(nrow(cells)), function(i) {
    same <- cells$seen == cells$seen[i] & (!others | cells$client != cells$client[i])
    mean(cells$mean[same])
  }, 1)
  at <- match(key, cells$key)
  d$within <- d$lag - cells$mean[at]
  d$clients <- cells$mean[at] - cells$centre[at]
  d$by_therapist <- cells$centre[at]
  d[is.finite(d$by_therapist), ]
}
in_two <- function(d) {
  d$between <- ave(d$lag, d$client); d$within <- d$lag - d$between
  d$detrended <- NA
  for (own in split(seq_len(nrow(d)), d$client)) if (length(own) > 2)
    d$detrended[own] <- residuals(lm(lag ~ session, d[own, ]))
  d
}
three <- ors ~ session + within + clients + by_therapist + base + (1 + session || client) + (1 | seen)
two <- in_two(rows)
asked <- list(
  list("all clients", three, in_three(rows, FALSE)),
  list("other clients", three, in_three(rows, TRUE)),
  list("handovers left out", three, in_three(rows[rows$therapists == 1, ], FALSE)),
  list("trend removed", ors ~ session + detrended + between + base + (1 + session || client) +
         (1 | therapist), two[!is.na(two$detrended), ]),
  list("slopes differ", ors ~ session + within + between + base +
         (1 + session + within || client) + (1 | therapist), two))
fits <- lapply(asked, function(one) {
  set.seed(1)
  found <- best_fit(one[[2]], one[[3]], with_tmb = FALSE)
  own <- one[[3]]
  fit <- eval(bquote(lmerTest::lmer(.(one[[2]]), own, control = tight,
                                    start = .(getME(found$fit, "theta")))))
  if (logLik(fit) < logLik(found$fit) - 1e-9) stop("not the best fit of ", one[[1]])
  table <- coef(summary(fit, ddf = "Satterthwaite"))
  c(list(variant = one[[1]]), said(found),
    list(df = terms_of(setNames(table[, "df"], rownames(table)))))
})
written(list(r = R.version.string, packages = versions("lme4", "lmerTest", "nloptr")),
        "fits", fits, "tests/oracles/r/levels_lines_slopes.json")
