# What R's survival says of a Cox model whose therapists share a gamma frailty: the variance by its
# EM-corrected likelihood, and coefficients, errors, frailties and likelihood at variances given.
# Values of tests/oracles/test_cox_gamma.py. Run from the project's root:
#   Rscript tests/oracles/r/cox_gamma.R
# It reads tests/oracles/cox_checks/rows.csv (late entry, ties, scores that change, strata) and
# tests/oracles/clinic/clinic.csv, and writes tests/oracles/r/cox_gamma.json.
suppressPackageStartupMessages({library(survival); library(jsonlite)})
rows <- read.csv("tests/oracles/cox_checks/rows.csv")
rows$kind <- factor(rows$kind, c("in_person", "video", "phone"))
rows$alike <- rows$client %% 6
clinic <- read.csv("tests/oracles/clinic/clinic.csv")
clinic <- with(subset(clinic, decided == 1 & !is.na(srs) & !is.na(base)), data.frame(
  start = session - 1, stop = session, left = as.integer(ending == 1), srs34 = srs - 34, base, therapist))
tight <- coxph.control(eps = 1e-15, toler.chol = 1e-16, outer.max = 200, iter.max = 200)

# R's search for the variance stops with an error where two heights are equal to the last digit: it
# is then asked for less.
said_of <- function(...) {
  for (eps in c("1e-14", "1e-13", "1e-12", "1e-11")) {
    found <- try(said_to(eps, ...), silent = TRUE)
    if (!inherits(found, "try-error")) return(found)
  }
  stop(found)
}
said_to <- function(eps, data, terms, ties, sparse, group = "therapist", theta = NULL) {
  how <- if (is.null(theta)) paste("eps =", eps) else paste("theta =", theta)
  shared <- sprintf("frailty(%s, distribution = 'gamma', sparse = %s, %s)", group, sparse, how)
  formula <- as.formula(paste("Surv(start, stop, left) ~", terms, "+", shared))
  DATA <<- data
  fit <- eval(bquote(coxph(.(formula), DATA, ties = .(ties), control = tight)))
  found <- fit$history[[1]]
  many <- length(unique(data[[group]]))
  p <- length(coef(fit)) - if (sparse) 0 else many
  shifts <- unname(if (sparse) fit$frail else coef(fit)[p + seq_len(many)])
  list(terms = terms, ties = ties, sparse = sparse, group = group,
       theta = if (is.null(theta)) unname(found$history[nrow(found$history), 1]) else theta,
       estimate = unname(coef(fit)[seq_len(p)]), se = unname(sqrt(diag(as.matrix(fit$var))[seq_len(p)])),
       modes = shifts - log(mean(exp(shifts))), loglik = unname(found$c.loglik))
}
estimated <- given <- list()
for (ties in c("efron", "breslow")) for (sparse in c(TRUE, FALSE)) {
  for (terms in c("srs + severity", "srs + severity + kind + strata(clinic)"))
    estimated[[length(estimated) + 1]] <- said_of(rows, terms, ties, sparse)
  for (theta in c(.05, .7, 3))
    given[[length(given) + 1]] <- said_of(rows, "srs + severity", ties, sparse, theta = theta)
}
of_clinic <- lapply(c("efron", "breslow"), function(ties) said_of(clinic, "srs34 + base", ties, FALSE))
alike <- said_of(rows, "srs + severity", "efron", FALSE, group = "alike")
write(toJSON(list(versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
                  estimated = estimated, given = given, clinic = of_clinic, alike = alike),
             digits = 14, auto_unbox = TRUE, na = "null", null = "null", matrix = "rowmajor"),
      "tests/oracles/r/cox_gamma.json")
