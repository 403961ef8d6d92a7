# Used by random_designs.R, few_therapists.R and classics.R: the best fit R finds, as plain numbers.
suppressPackageStartupMessages({library(lme4); library(glmmTMB); library(jsonlite)})
options(digits = 15)
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE, check.conv.singular = "ignore",
                     optCtrl = list(rhobeg = .02, rhoend = 1e-9, maxfun = 1e5))
other <- lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE, check.conv.singular = "ignore",
                     optCtrl = list(xtol_abs = 1e-10, ftol_abs = 1e-12, maxeval = 1e5))
versions <- function(...) lapply(setNames(nm = c(...)), function(p) as.character(packageVersion(p)))

# An unbalanced design. `moving`: share of clients who change therapist in the midst of therapy; at 1
# every session may be with any therapist. `x_of`: whether x differs by session, client or therapist.
drawn <- function(therapists, clients, most, moving, x_of, sd, correlation = 0, noise = 2) {
  sizes <- sample(seq_len(most), clients, TRUE)
  client <- rep(seq_len(clients), sizes)
  session <- sequence(sizes)
  first <- sample(c(seq_len(therapists), sample(therapists, clients - therapists, TRUE,
                                                prob = seq_len(therapists))))
  second <- sample(therapists, clients, TRUE)
  change <- ifelse(runif(clients) < moving, sample(2:5, clients, TRUE), Inf)
  therapist <- ifelse(session >= change[client], second[client], first[client])
  if (moving == 1) therapist <- sample(therapists, length(client), TRUE)
  time <- if (runif(1) < .5) session - 1 else session - 1 + runif(length(client), -.4, .4)
  x <- switch(x_of, session = rnorm(length(client)), client = rnorm(clients)[client],
              therapist = rnorm(therapists)[therapist])
  pair <- function(n) {
    z <- matrix(rnorm(2 * n), n)
    cbind(z[, 1], correlation * z[, 1] + sqrt(1 - correlation^2) * z[, 2])
  }
  b <- pair(clients) %*% diag(sd[1:2]); u <- pair(therapists) %*% diag(sd[3:4])
  y <- 20 - .5 * time + .4 * x + b[client, 1] + b[client, 2] * time +
    u[therapist, 1] + u[therapist, 2] * time + rnorm(length(client), 0, noise)
  round(data.frame(y, x, time, client, therapist), 3)
}

# How near to singular: the smallest singular value of a term's relative Cholesky factor.
smallest <- function(fit) {
  factors <- getME(fit, "Tlist")
  min(vapply(factors, function(f) min(svd(f)$d), 1))
}

# theta of a glmmTMB fit, in lme4's order, as a further start; NULL where it has none.
theta_of <- function(tmb, fit) tryCatch({
  found <- VarCorr(tmb)$cond; named <- names(getME(fit, "cnms"))
  names(found) <- make.unique(sub("\\.[0-9]$", "", names(found)))
  unlist(lapply(make.unique(sub("\\.[0-9]$", "", named)), function(g) {
    v <- matrix(as.numeric(found[[g]]), nrow(found[[g]])) / sigma(tmb)^2
    l <- t(chol(v + diag(1e-12, nrow(v))))
    l[lower.tri(l, TRUE)]
  }))
}, error = function(e) NULL)

# The best of lme4 (two optimisers, several starts) and glmmTMB. `tmb`, `lme4`: log-likelihoods.
best_fit <- function(formula, data, reml = TRUE, with_tmb = TRUE) {
  lme <- function(control, start = NULL)
    suppressMessages(suppressWarnings(lmer(formula, data, REML = reml, control = control, start = start)))
  best <- lme(tight)
  take <- function(fit) if (logLik(fit) > logLik(best)) best <<- fit
  k <- length(getME(best, "theta"))
  take(lme(other))
  for (start in list(rep(.3, k), runif(k, .05, 1.2), runif(k, .05, 1.2))) take(lme(tight, start))
  tmb <- NA
  if (with_tmb) {
    by_tmb <- tryCatch(suppressMessages(suppressWarnings(glmmTMB(formula, data, REML = reml))),
                       error = function(e) NULL)
    tmb <- if (is.null(by_tmb)) NA else by_tmb$fit$objective * -1
    start <- if (is.null(by_tmb)) NULL else theta_of(by_tmb, best)
    if (length(start) == k && all(is.finite(start))) take(lme(tight, start))
  }
  for (again in 1:2) take(lme(tight, getME(best, "theta")))
  list(fit = best, lme4 = as.numeric(logLik(best)), tmb = tmb,
       loglik = max(as.numeric(logLik(best)), tmb, na.rm = TRUE))
}

variances <- function(fit) {
  v <- as.data.frame(VarCorr(fit))
  blank <- function(x) ifelse(is.na(x), "", sub("(Intercept)", "Intercept", x, fixed = TRUE))
  data.frame(group = sub("\\.[0-9]$", "", v$grp), term1 = blank(v$var1), term2 = blank(v$var2),
             variance = v$vcov, correlation = ifelse(is.na(v$var2), NA, v$sdcor))
}
terms_of <- function(values) {
  names(values) <- sub("(Intercept)", "Intercept", names(values), fixed = TRUE)
  as.list(values)
}
said <- function(found) {
  fit <- found$fit
  list(rows = nobs(fit), reml = isREML(fit), loglik = found$loglik, lme4 = found$lme4,
       tmb = found$tmb, estimate = terms_of(fixef(fit)),
       se = terms_of(setNames(sqrt(diag(as.matrix(vcov(fit)))), names(fixef(fit)))),
       singular = isSingular(fit, tol = 1e-5), smallest = smallest(fit), variances = variances(fit))
}
# 15 digits, a fit a line.
written <- function(head, name, fits, file) {
  line <- function(x) toJSON(x, digits = NA, auto_unbox = TRUE, na = "null")
  lines <- vapply(fits, line, "")
  start <- sub("\\}$", "", line(head))
  writeLines(c(paste0(start, ",\"", name, "\":["), paste0(lines, c(rep(",", length(lines) - 1), "")),
               "]}"), file)
}
